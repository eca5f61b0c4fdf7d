"""The Helm chart."""

import tomllib
from collections.abc import Iterable
from typing import Any

import pytest

from tollway.cli.catalogue import GATEWAY, SERVICES
from tollway.cli.platforms import Platforms
from tollway.settings import check, overridden

helm_python = pytest.importorskip("helm_python", reason="Helm has no wheel for this machine")
NAMES = {*SERVICES, GATEWAY}
Documents = list[dict[str, Any]]


def of_kind(documents: Documents, kind: str) -> dict[str, dict[str, Any]]:
    """The documents of a kind by name."""
    return {document["metadata"]["name"]: document for document in documents if document["kind"] == kind}


def containers(documents: Documents) -> dict[str, dict[str, Any]]:
    """Every container by the service it runs."""
    pods = [deployment["spec"]["template"]["spec"] for deployment in of_kind(documents, "Deployment").values()]
    return {container["name"]: container for pod in pods for container in pod["containers"]}


def toml(documents: Documents) -> dict[str, Any]:
    """The configuration file that the pods see."""
    (config_map,) = of_kind(documents, "ConfigMap").values()
    assert list(config_map["data"]) == ["tollway.toml"]
    return tomllib.loads(config_map["data"]["tollway.toml"])


def environment(container: dict[str, Any]) -> set[str]:
    """The names of a container's own settings."""
    return {variable["name"] for variable in container["env"] if variable["name"].startswith("TOLLWAY_")}


def layer(name: str) -> set[str]:
    """The services of a layer."""
    return {service for service, entry in SERVICES.items() if entry.layer == name}


def keys_of(table: dict[str, Any]) -> set[str]:
    """Every key at any depth."""
    inner: Iterable[dict[str, Any]] = (value for value in table.values() if isinstance(value, dict))
    return set(table).union(*map(keys_of, inner))


@pytest.mark.parametrize("configured", [False, True])
def test_helm_lints_the_chart(chart, values, configured) -> None:
    """Helm finds nothing to warn of, with the chart's own values and with an administrator's."""
    report = helm_python.lint(str(chart), values if configured else None, strict=True)
    assert (report["total_charts_linted"], report["errors"]) == (1, [])
    information = 1
    assert [message for message in report["messages"] if message["severity"] > information] == []


def test_every_service_is_deployed(render) -> None:
    """Each service of the catalogue and the gateway has a Deployment that runs it and a Service that leads to it."""
    documents = render()
    deployments, services = of_kind(documents, "Deployment"), of_kind(documents, "Service")
    assert set(deployments) == set(services) == {f"acme-tollway-{name}" for name in NAMES}
    assert set(containers(documents)) == NAMES
    for name, container in containers(documents).items():
        assert container["command"][:3] == ["tollway", "serve", name]
        labels = deployments[f"acme-tollway-{name}"]["spec"]["template"]["metadata"]["labels"]
        assert services[f"acme-tollway-{name}"]["spec"]["selector"].items() <= labels.items()
        assert services[f"acme-tollway-{name}"]["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]


def test_layers_are_those_of_the_catalogue(render) -> None:
    """The chart deploys each service as part of the layer that the catalogue says."""
    deployments = of_kind(render(), "Deployment")
    layers = {name: deployments[f"acme-tollway-{name}"]["metadata"]["labels"]["app.kubernetes.io/component"]
              for name in SERVICES}  # fmt: skip
    assert layers == {name: entry.layer for name, entry in SERVICES.items()}


def test_every_container_is_probed_and_bounded(render) -> None:
    """Each container has probes of both kinds on the addresses that services answer, and resources."""
    for container in containers(render()).values():
        assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
        assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
        assert container["resources"]["requests"]
        assert container["resources"]["limits"]["memory"]


def test_pods_are_locked_down(render) -> None:
    """No pod runs as root, gains rights, writes outside its state folder, or holds a token of the cluster."""
    for deployment in of_kind(render(), "Deployment").values():
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        (container,) = pod["containers"]
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"]
        assert not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        writable = {mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
        assert [volume for volume in pod["volumes"] if volume["name"] in writable] == [
            {"name": "state", "emptyDir": {}}
        ]


def test_process_services_may_have_replicas(render) -> None:
    """A process service has one replica unless told otherwise, and pods are replaced while the others work on."""
    deployments = of_kind(render({"services": {"casework": {"replicas": 3}}}), "Deployment")
    specs = {name: deployment["spec"] for name, deployment in deployments.items()}
    replicas = {
        name: specs[name]["replicas"]
        for name, deployment in deployments.items()
        if deployment["metadata"]["labels"]["app.kubernetes.io/component"] == "process"
    }
    assert {name.rpartition("tollway-")[2]: many for name, many in replicas.items() if many != 1} == {"casework": 3}
    assert len(replicas) > 1
    assert not [name for name, spec in specs.items() if "strategy" in spec]


def test_the_configuration_is_complete(render) -> None:
    """What the pods read is a configuration that Tollway takes, with the address of every service but the gateway."""
    settings = check(toml(render()))
    urls = {name: service.url for name, service in settings.services.items()}
    assert urls == {name: f"http://acme-tollway-{name}:8000" for name in SERVICES}
    assert settings.storage.folder == "/var/lib/tollway"
    assert settings.onboarding.payment_terms["Net 30"] == 30
    assert isinstance(toml(render())["onboarding"]["payment_terms"]["Net 30"], int)


def test_the_secrets_complete_the_connections(render) -> None:
    """With the variables a system pod gets, every platform's own settings are complete."""
    documents = render()
    given = dict.fromkeys(environment(containers(documents)["erp"]), "0123456789abcdef0123456789abcdef")
    platforms = Platforms(check(overridden(toml(documents), given)))
    assert [list(platforms.ports(service)) for service in ("crm", "psa", "erp")] == [["crm"], ["psa"], ["erp"]]


def test_each_layer_gets_its_own_secrets(render) -> None:
    """All sign with the shared key; only processes and the gateway reach the database, only systems the platforms."""
    found = {name: environment(container) for name, container in containers(render()).items()}
    salesforce = "TOLLWAY_CONNECTIONS__SALESFORCE__CLIENT_SECRET"
    assert all("TOLLWAY_IDENTITY__KEY" in names for names in found.values())
    assert {name for name, names in found.items() if "TOLLWAY_STORAGE__URL" in names} == layer("process") | {"gateway"}
    assert {name for name, names in found.items() if salesforce in names} == layer("system")


def test_who_counts_or_streams_reaches_redis(render) -> None:
    """The URL of Redis is given to those who count in it or write streams, and to nobody unless its secret is named."""

    def reaching(documents: Documents) -> set[str]:
        found = containers(documents).items()
        return {name for name, container in found if "TOLLWAY_REDIS__URL" in environment(container)}

    assert reaching(render()) == set()
    documents = render({"secrets": {"redisUrl": {"existingSecret": "redis"}}})
    assert reaching(documents) == {GATEWAY, "event-delivery"} | layer("system")
    (url,) = (one for one in containers(documents)[GATEWAY]["env"] if one["name"] == "TOLLWAY_REDIS__URL")
    assert url["valueFrom"]["secretKeyRef"] == {"name": "redis", "key": "redis-url"}


def test_no_secret_is_rendered(render) -> None:
    """The chart makes no Secret, and every TOLLWAY_ variable refers to one by name and key."""
    documents = render()
    assert of_kind(documents, "Secret") == {}
    for container in containers(documents).values():
        for variable in container["env"]:
            if variable["name"].startswith("TOLLWAY_"):
                assert set(variable) == {"name", "valueFrom"}
                assert set(variable["valueFrom"]["secretKeyRef"]) == {"name", "key"}
    assert (
        sorted(keys_of(toml(documents)) & {"key", "client_secret", "consumer_secret", "token_secret", "password"}) == []
    )


@pytest.mark.parametrize(
    ("others", "where"),
    [
        ({"config": {"connections": {"salesforce": {"client_secret": "s3cret"}}}}, "/config/connections/salesforce"),
        ({"config": {"identity": {"key": "s3cret"}}}, "/config/identity"),
        ({"config": {"storage": {"url": "postgresql://user:s3cret@host/db"}}}, "/config/storage"),
        ({"config": {"redis": {"url": "redis://:s3cret@host"}}}, "/config/redis"),
        ({"config": {"sandboxes": {"salesforce": {"port": 9001}}}}, "/config/sandboxes"),
        ({"services": {"casework": {"replicas": -1}}}, "/services/casework/replicas"),
        ({"replicas": 3}, "'replicas' not allowed"),
    ],
)
def test_wrong_values_are_refused(render, others, where) -> None:
    """Credentials among the settings, a second replica of a process service and unknown values are refused."""
    with pytest.raises(helm_python.HelmValuesError, match=where):
        render(others)


@pytest.mark.parametrize("table", ["crm", "psa", "connections", "legal_entities", "gateway"])
def test_missing_configuration_is_named(render, values, table) -> None:
    """A table that must be given, or the gateway's issuer, stops the installation with a sentence that names it."""
    del values["config"][table]
    with pytest.raises(helm_python.HelmRenderError, match=rf"config\.{table}(\.issuer)? is missing"):
        render()


def test_a_changed_configuration_starts_new_pods(render) -> None:
    """The pods carry a digest of their configuration, so that a change of it rolls them."""

    def digests(documents: Documents) -> set[str]:
        pods = [deployment["spec"]["template"] for deployment in of_kind(documents, "Deployment").values()]
        return {pod["metadata"]["annotations"]["checksum/config"] for pod in pods}

    before, after = digests(render()), digests(render({"config": {"polling": {"seconds": 5}}}))
    assert len(before) == len(after) == 1
    assert before != after


def test_only_the_gateway_is_let_out(render) -> None:
    """The ingress is off unless asked for, and leads to the gateway alone."""
    assert of_kind(render(), "Ingress") == {}
    (ingress,) = of_kind(render({"ingress": {"enabled": True, "host": "api.example.com"}}), "Ingress").values()
    (rule,) = ingress["spec"]["rules"]
    assert [path["backend"]["service"]["name"] for path in rule["http"]["paths"]] == ["acme-tollway-gateway"]


def test_key_files_reach_system_services_only(render) -> None:
    """A secret of key files is mounted where connections name them, in the pods that log in to platforms."""
    found = containers(render({"secrets": {"files": {"existingSecret": "keys"}}}))
    mounted = {name for name, container in found.items()
               if any(mount["mountPath"] == "/etc/tollway/keys" for mount in container["volumeMounts"])}  # fmt: skip
    assert mounted == layer("system")


def test_names_fit_however_long_the_release(render) -> None:
    """With the longest release name that Helm takes, every name is still one that Kubernetes takes."""
    longest = 63
    documents = render(release="r" * 53)
    assert max(len(document["metadata"]["name"]) for document in documents) <= longest
    urls = check(toml(documents)).services
    assert {f"http://{name}:8000" for name in of_kind(documents, "Service")} >= {one.url for one in urls.values()}
