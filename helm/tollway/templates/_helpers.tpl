{{- /* 40 characters leave room for the longest service name in the 63 of a DNS label. */ -}}
{{- define "tollway.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "tollway.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: tollway
{{- end -}}

{{- /* Takes a dict of root and name, the service's. */ -}}
{{- define "tollway.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{- define "tollway.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "tollway.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* An environment variable from a secret; takes a dict of variable, secret and key. */ -}}
{{- define "tollway.secretVariable" -}}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret.existingSecret }}
      key: {{ .secret.key }}
{{- end -}}

{{- /* The secrets a service needs, and no others; takes a dict of root, name and layer. */ -}}
{{- define "tollway.secretVariables" -}}
{{- $secrets := .root.Values.secrets -}}
{{ include "tollway.secretVariable" (dict "variable" "TOLLWAY_IDENTITY__KEY" "secret" $secrets.identityKey) }}
{{- $counting := or (eq .layer "gateway") (eq .layer "system") (eq .name "event-delivery") -}}
{{- if and $counting $secrets.redisUrl.existingSecret }}
{{ include "tollway.secretVariable" (dict "variable" "TOLLWAY_REDIS__URL" "secret" $secrets.redisUrl) }}
{{- end }}
{{- if or (eq .layer "process") (eq .layer "gateway") }}
{{ include "tollway.secretVariable" (dict "variable" "TOLLWAY_STORAGE__URL" "secret" $secrets.storageUrl) }}
{{- end }}
{{- if eq .layer "system" }}
{{- range $connection, $settings := $secrets.connections }}
{{- range $setting, $secret := $settings }}
{{- $variable := printf "TOLLWAY_CONNECTIONS__%s__%s" $connection $setting | upper | replace "-" "_" }}
{{ include "tollway.secretVariable" (dict "variable" $variable "secret" $secret) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* tollway.toml: the given tables, where state is kept, and where every other service answers. */ -}}
{{- define "tollway.toml" -}}
{{- $missing := "config.%s is missing: give the tables of tollway.toml as the value config" -}}
{{- range $table := list "crm" "psa" "connections" "legal_entities" -}}
{{- $_ := required (printf $missing $table) (get $.Values.config $table) -}}
{{- end -}}
{{- /* Without one the gateway would fall back to the development issuer. */ -}}
{{- $_ := required (printf $missing "gateway.issuer") (dig "gateway" "issuer" "" .Values.config) -}}
{{- $services := dict -}}
{{- range $name, $service := omit .Values.services "gateway" -}}
{{- $url := printf "http://%s-%s:8000" (include "tollway.fullname" $) $name -}}
{{- $_ := set $services $name (dict "url" $url) -}}
{{- end -}}
{{- $tables := dict "storage" (dict "folder" "/var/lib/tollway") "services" $services -}}
{{- /* Helm reads every number as a float. */ -}}
{{- regexReplaceAll `(?m)( = -?\d+)\.0$` (toToml (merge $tables .Values.config)) "${1}" -}}
{{- end -}}
