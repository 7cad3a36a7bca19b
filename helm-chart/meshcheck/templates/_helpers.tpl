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

{{/* "true" if something of the Prometheus operator is wanted and there; takes (list $ value kind). */}}
{{- define "meshcheck.operatorHas" -}}
{{- $root := first . -}}
{{- $value := index . 1 -}}
{{- if kindIs "bool" $value }}{{ $value }}{{ else }}{{ $root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" (last .)) }}{{ end }}
{{- end }}
