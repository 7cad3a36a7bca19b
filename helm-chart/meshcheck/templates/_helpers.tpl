{{- define "meshcheck.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Short enough for the longest suffix: a DaemonSet's name is a label of its pods, of 63 characters at most. */}}
{{- define "meshcheck.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "meshcheck.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "meshcheck.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What selects pods, and never changes in the life of a release. Takes (list $ component). */}}
{{- define "meshcheck.selector" -}}
{{- $root := first . -}}
app.kubernetes.io/name: {{ include "meshcheck.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ last . }}
{{- end }}

{{- define "meshcheck.labels" -}}
{{- $root := first . -}}
{{ include "meshcheck.selector" . }}
app.kubernetes.io/version: {{ default $root.Chart.AppVersion $root.Values.image.tag | replace ":" "_" | trunc 63 | quote }}
app.kubernetes.io/part-of: meshcheck
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_") }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of a pod: those of all objects, and podLabels before commonLabels. Takes (list $ component). */}}
{{- define "meshcheck.podLabels" -}}
{{- $labels := include "meshcheck.labels" . -}}
{{- with (first .).Values.podLabels -}}
{{- toYaml (merge (deepCopy .) (fromYaml $labels)) -}}
{{- else -}}
{{- $labels -}}
{{- end -}}
{{- end }}

{{- define "meshcheck.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- if hasPrefix "sha256:" $tag }}{{ .Values.image.repository }}@{{ $tag }}{{ else }}{{ .Values.image.repository }}:{{ $tag }}{{ end }}
{{- end }}

{{/* Arguments that every program takes. */}}
{{- define "meshcheck.logArguments" -}}
- -log-format={{ .Values.log.format }}
- -v={{ .Values.log.verbosity }}
{{- end }}

{{/* Where pods run; takes the values of a component. */}}
{{- define "meshcheck.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Pod Security Standard `restricted`. */}}
{{- define "meshcheck.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "meshcheck.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* Gives a volume to the user of the programs, where fsGroup does not. Takes (list $ volume path resources). DAC_OVERRIDE lets
     root enter the directories that are that user's already. */}}
{{- define "meshcheck.volumePermissions" -}}
{{- $root := first . }}
{{- if $root.Values.volumePermissions.enabled }}
initContainers:
  - name: volume-permissions
    image: {{ $root.Values.volumePermissions.image }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    command: [chown, -R, "65532:65532", {{ index . 2 }}]
    securityContext:
      runAsNonRoot: false
      runAsUser: 0
      runAsGroup: 0
      {{- include "meshcheck.containerSecurity" $root | replace "{drop: [ALL]}" "{drop: [ALL], add: [CHOWN, DAC_OVERRIDE]}" | nindent 6 }}
    {{- with last . }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    volumeMounts:
      - {name: {{ index . 1 }}, mountPath: {{ index . 2 }}}
{{- end }}
{{- end }}

{{/* "true" if something of the Prometheus operator is wanted and there; takes (list $ value kind). */}}
{{- define "meshcheck.operatorHas" -}}
{{- $root := first . -}}
{{- $value := index . 1 -}}
{{- if kindIs "bool" $value }}{{ $value }}{{ else }}{{ $root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" (last .)) }}{{ end }}
{{- end }}

{{/* Fails if another DaemonSet has the port on the nodes already: its agents would start, and ours never. Whoever may make
     cluster roles may look; without a cluster `lookup` finds nothing. Affinities are not weighed. */}}
{{- define "meshcheck.refuseTakenPort" -}}
{{- $own := .Values.agentHostnet -}}
{{- if and $own.enabled .Values.rbac.create (not $own.affinity) -}}
{{- range $other := (lookup "apps/v1" "DaemonSet" "" "").items -}}
{{- $spec := $other.spec.template.spec -}}
{{- $apart := or $spec.affinity (and $own.nodeSelector $spec.nodeSelector (ne (toJson $own.nodeSelector) (toJson $spec.nodeSelector))) -}}
{{- $ours := and (eq $other.metadata.namespace $.Release.Namespace) (eq $other.metadata.name (printf "%s-agent-hostnet" (include "meshcheck.fullname" $))) -}}
{{- if and $spec.hostNetwork (not $apart) (not $ours) -}}
{{- range $spec.containers -}}
{{- range .ports -}}
{{- if and (eq .protocol "UDP") (eq (int .containerPort) (int $.Values.probePort)) -}}
{{- fail (printf "probePort: UDP port %d of the nodes is taken by DaemonSet %s/%s; give this release another one, such as --set probePort=%d" (int $.Values.probePort) $other.metadata.namespace $other.metadata.name (add $.Values.probePort 1)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* "true" if a cluster answers, and whoever installs may look at what is in no namespace. */}}
{{- define "meshcheck.mayLook" -}}
{{- if and .Values.rbac.create (lookup "v1" "Namespace" "" "default") }}true{{ end }}
{{- end }}

{{/* Fails if nothing would ever provide the claim, since the server's pod would stay Pending and helm would wait in vain. */}}
{{- define "meshcheck.refuseMissingClass" -}}
{{- $wanted := .Values.server.persistence -}}
{{- $claim := printf "%s-server-data" (include "meshcheck.fullname" .) -}}
{{- if and $wanted.enabled (not $wanted.existingClaim) (not $wanted.storageClass) (include "meshcheck.mayLook" .) -}}
{{- $provided := not (empty (lookup "v1" "PersistentVolumeClaim" .Release.Namespace $claim)) -}}
{{- range $class := (lookup "storage.k8s.io/v1" "StorageClass" "" "").items -}}
{{- range $group := list "storageclass" "storageclass.beta" -}}
{{- if eq (dig "annotations" (printf "%s.kubernetes.io/is-default-class" $group) "" $class.metadata) "true" -}}{{- $provided = true -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- range (lookup "v1" "PersistentVolume" "" "").items -}}
{{- if and (not (dig "storageClassName" "" .spec)) (eq (dig "status" "phase" "" .) "Available") -}}{{- $provided = true -}}{{- end -}}
{{- end -}}
{{- if not $provided -}}
{{- fail "server.persistence: the cluster has no default StorageClass, so the server's pod would stay Pending. Name a class: --set server.persistence.storageClass=NAME; or lose the history with the pod: --set server.persistence.enabled=false" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "meshcheck.serverURL" -}}
{{ ternary "https" "http" .Values.tls.enabled }}://{{ include "meshcheck.fullname" . }}-server:{{ .Values.server.service.port }}
{{- end }}

{{- define "meshcheck.tlsSecret" -}}
{{- default (printf "%s-tls" (include "meshcheck.fullname" .)) .Values.tls.existingSecret }}
{{- end }}

{{/* How Prometheus gets at the metrics, as in the endpoint of a ServiceMonitor: what it knows the server by, and what it shows. */}}
{{- define "meshcheck.scrapeAccess" -}}
{{- $service := printf "%s-server" (include "meshcheck.fullname" .) -}}
{{- $secret := include "meshcheck.tlsSecret" . -}}
{{- if .Values.tls.enabled -}}
scheme: https
tlsConfig:
{{- if .Values.monitoring.tlsConfig }}
  {{- toYaml .Values.monitoring.tlsConfig | nindent 2 }}
{{- else }}
  # The certificate is for the Service, and Prometheus asks the pod's address.
  serverName: {{ $service }}.{{ .Release.Namespace }}.svc
  ca:
    secret: {name: {{ $secret }}, key: ca.crt}
  {{- if .Values.tls.mutual }}
  cert:
    secret: {name: {{ $secret }}, key: client.crt}
  keySecret: {name: {{ $secret }}, key: client.key}
  {{- end }}
{{- end }}
{{- else -}}
scheme: http
{{- end }}
{{- if .Values.monitoring.authorization }}
authorization:
  {{- toYaml .Values.monitoring.authorization | nindent 2 }}
{{- else if eq .Values.auth.read "token" }}
authorization:
  credentials: {name: {{ .Values.auth.tokenSecret }}, key: read}
{{- else if eq .Values.auth.read "kubernetes" }}
{{- if .Values.monitoring.podMonitor }}
{{- fail "monitoring.podMonitor: a PodMonitor cannot use Prometheus's own token, as auth.read=kubernetes asks; name a Secret with one in monitoring.authorization" }}
{{- end }}
# The token of Prometheus's own service account, which has to have the right to get /metrics.
bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
{{- end }}
{{- end }}

{{- define "meshcheck.meshKeySecret" -}}
{{- default (printf "%s-mesh" (include "meshcheck.fullname" .)) .Values.meshKey.existingSecret }}
{{- end }}

{{- define "meshcheck.serverAccount" -}}
{{- default (printf "%s-server" (include "meshcheck.fullname" .)) .Values.server.serviceAccountName }}
{{- end }}

{{- define "meshcheck.agentAccount" -}}
{{- default (printf "%s-agent" (include "meshcheck.fullname" .)) .Values.agentServiceAccountName }}
{{- end }}

{{/* Of the agents on the network of the nodes, which never need a right. */}}
{{- define "meshcheck.hostnetAccount" -}}
{{- default (printf "%s-agent-hostnet" (include "meshcheck.fullname" .)) .Values.agentServiceAccountName }}
{{- end }}

{{- define "meshcheck.smokeMini" -}}
{{ include "meshcheck.fullname" . }}-smoke-mini
{{- end }}

{{/* Whether the server asks the Kubernetes API anything. */}}
{{- define "meshcheck.asksKubernetes" -}}
{{- if or .Values.discovery.enabled (eq .Values.auth.reports "kubernetes") (eq .Values.auth.read "kubernetes") }}true{{ end }}
{{- end }}

{{/* What an agent shows the server, and what it knows it by. */}}
{{- define "meshcheck.credentialArguments" -}}
{{- if ne .Values.auth.reports "none" }}
- -servertokenfile=/var/run/secrets/meshcheck/token
{{- end }}
{{- if .Values.tls.enabled }}
- -serverca=/var/run/secrets/meshcheck/ca.crt
{{- if .Values.tls.mutual }}
- -servercert=/var/run/secrets/meshcheck/client.crt
- -serverkey=/var/run/secrets/meshcheck/client.key
{{- end }}
{{- end }}
{{- end }}

{{- define "meshcheck.credentialVolume" -}}
{{- if or .Values.tls.enabled (ne .Values.auth.reports "none") -}}
- name: credentials
  projected:
    sources:
      {{- if eq .Values.auth.reports "kubernetes" }}
      - serviceAccountToken: {audience: meshcheck, expirationSeconds: 3600, path: token}
      {{- else if eq .Values.auth.reports "token" }}
      - secret:
          name: {{ .Values.auth.tokenSecret }}
          items: [{key: report, path: token}]
      {{- end }}
      {{- if .Values.tls.enabled }}
      - secret:
          name: {{ include "meshcheck.tlsSecret" . }}
          items:
            - {key: ca.crt, path: ca.crt}
            {{- if .Values.tls.mutual }}
            - {key: client.crt, path: client.crt}
            - {key: client.key, path: client.key}
            {{- end }}
      {{- end }}
{{- end }}
{{- end }}

{{/* Which pods are expected to report. */}}
{{- define "meshcheck.agentSelector" -}}
app.kubernetes.io/name={{ include "meshcheck.name" . }},app.kubernetes.io/instance={{ .Release.Name }},app.kubernetes.io/component in (agent,agent-hostnet)
{{- if .Values.server.netcheckerService }};app in (netchecker-agent,netchecker-agent-hostnet){{ end }}
{{- end }}
