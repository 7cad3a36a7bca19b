"""Kubernetes' Pod Security Standards, as far as pods of a DaemonSet or StatefulSet can breach them. Written out here
since admission enforces them only from 1.23 on, and says nothing of what a cluster without it would refuse."""

# Of https://kubernetes.io/docs/concepts/security/pod-security-standards/
SYSCTLS = {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
           "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range"}
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
BASELINE_CAPABILITIES = {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
                         "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}


def containers(spec):
    return [*spec.get("initContainers", []), *spec["containers"]]


def baseline_breaches(spec):
    """What of the pod the standard `baseline` refuses."""
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield key
    for volume in spec.get("volumes", []):
        if "hostPath" in volume:
            yield f"hostPath of volume {volume['name']}"
    for sysctl in spec.get("securityContext", {}).get("sysctls", []):
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    for container in containers(spec):
        context = container.get("securityContext", {})
        if context.get("privileged"):
            yield "privileged"
        for capability in context.get("capabilities", {}).get("add", []):
            if capability not in BASELINE_CAPABILITIES:
                yield f"capability {capability}"
        for port in container.get("ports", []):
            if port.get("hostPort"):
                yield f"hostPort {port['hostPort']}"


def restricted_breaches(spec):
    """What of the pod the standard `restricted` refuses."""
    yield from baseline_breaches(spec)
    for volume in spec.get("volumes", []):
        for kind in set(volume) - {"name"} - VOLUMES:
            yield f"{kind} of volume {volume['name']}"
    of_pod = spec.get("securityContext", {})
    for container in containers(spec):
        context = of_pod | container.get("securityContext", {})
        if context.get("allowPrivilegeEscalation") is not False:
            yield "allowPrivilegeEscalation"
        if context.get("runAsNonRoot") is not True:
            yield "runAsNonRoot"
        if context.get("runAsUser") == 0:
            yield "runAsUser 0"
        if context.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield "seccompProfile"
        if "ALL" not in context.get("capabilities", {}).get("drop", []):
            yield "capabilities are not dropped"
        for capability in set(context.get("capabilities", {}).get("add", [])) - {"NET_BIND_SERVICE"}:
            if capability in BASELINE_CAPABILITIES:
                yield f"capability {capability}"
