#!/usr/bin/env python3
"""Real clients, unmodified, against `azlb sim --tls`: the az CLI and the Azure SDK for Python.

Each command's answer is checked, and the state that it leaves is read back through azlb.
Run it by tests/real_clients/run.sh, which makes the virtual environment.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

AZLB = sys.argv[1]
AZ = sys.argv[2]
ONLY = sys.argv[3:]
PROD = "/subscriptions/00000000-0000-0000-0000-000000000001"
VNET = f"{PROD}/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet-prod"
WEB_LB = f"{PROD}/resourceGroups/rg-web/providers/Microsoft.Network/loadBalancers/web-lb"


class Failed(Exception):
    pass


def check(holds, what):
    if not holds:
        raise Failed(what)


class Sim:
    """The simulator, and the environment of its clients."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [AZLB, "sim", "--tls", "--speed", "20"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        said = json.loads(self.process.stdout.readline())
        self.tls = said["tls_endpoint"]
        self.plain = said["endpoint"]
        self.env = dict(
            os.environ,
            **said["env"],
            REQUESTS_CA_BUNDLE=said["ca"],
            SSL_CERT_FILE=said["ca"],
            AZURE_CONFIG_DIR=os.path.join(folder, "az"),
            AZURE_CORE_COLLECT_TELEMETRY="no",
            AZURE_CORE_ONLY_SHOW_ERRORS="1",
            AZLB_STATE_DIR=os.path.join(folder, "azlb"),
            AZLB_SPEED="20",
        )

    def az(self, line, fails=None):
        words = line if isinstance(line, list) else line.split()
        done = subprocess.run(
            [AZ, *words, "-o", "json"], env=self.env, capture_output=True, text=True, timeout=120
        )
        if fails is not None:
            check(done.returncode != 0 and fails in done.stderr, f"expected a failure with {fails}, got {done.stderr.strip() or done.stdout}")
            return None
        check(done.returncode == 0, f"exit code {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def azlb(self, *words):
        done = subprocess.run([AZLB, *words, "-o", "json"], env=self.env, capture_output=True, text=True, timeout=120)
        check(done.returncode == 0, f"azlb {' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def members(self, pool):
        return sorted(row["name"] for row in self.azlb("list", "members", "--pool", pool, "--no-health"))

    def shown(self, id):
        return self.azlb("show", id)

    def estate(self):
        with urllib.request.urlopen(f"{self.plain}/sim/estate") as answer:
            return json.load(answer)

    def there(self, id):
        return any(d["id"].lower() == id.lower() for d in self.estate())

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


STEPS = []


def step(line):
    """A command line of az, checked by the function: it gets the simulator and the answer."""

    def keep(function):
        STEPS.append((line, function))
        return function

    return keep


def count(n):
    return lambda sim, out: check(len(out) == n, f"{len(out)} rows, not {n}")


def names(*wanted):
    return lambda sim, out: check(
        sorted(r["name"] for r in out) == sorted(wanted), f"{[r['name'] for r in out]}, not {list(wanted)}"
    )


def named(name):
    return lambda sim, out: check(out["name"] == name, f"{out['name']}, not {name}")


def child(kind, name, pointer=None, value=None, gone=False):
    """What azlb shows of a child of web-lb afterwards."""

    def look(sim, _):
        found = [c for c in sim.shown(WEB_LB)["properties"][kind] if c["name"] == name]
        check(bool(found) != gone, f"{kind}/{name} is {'still there' if gone else 'not there'}")
        if pointer:
            at = found[0]["properties"]
            for part in pointer.split("/"):
                at = at.get(part) if isinstance(at, dict) else None
            check(at == value, f"{pointer} is {at}, not {value}")

    return look


def members(pool, *wanted):
    return lambda sim, _: check(sim.members(pool) == sorted(wanted), f"{pool} holds {sim.members(pool)}")


def plan():
    web, lb = "-g rg-web", "-g rg-web --lb-name web-lb"
    s = lambda line, function: STEPS.append((line, function))
    s("account list", names("Contoso Production", "Contoso Staging"))
    s("group list", names("rg-api", "rg-batch", "rg-cache", "rg-db", "rg-net", "rg-web"))
    s("network lb list", names("api-lb", "batch-lb", "cache-lb", "db-lb", "web-lb"))
    s(f"network lb show {web} -n web-lb", lambda sim, out: check(out["etag"] == sim.shown(WEB_LB)["etag"], "another ETag"))
    s(f"network lb address-pool list {lb}", names("blue", "green"))
    s(f"network lb address-pool show {lb} -n blue", lambda sim, out: check(len(out["backendIPConfigurations"]) == 4, "not 4 members"))
    s(f"network lb address-pool create {lb} -n extra", child("backendAddressPools", "extra"))
    s(f"network lb address-pool delete {lb} -n extra", child("backendAddressPools", "extra", gone=True))
    nodes = "-g rg-cache --lb-name cache-lb --pool-name nodes"
    was = ["node-1", "node-2", "node-3", "node-4"]
    s(f"network lb address-pool address list {nodes}", names(*was))
    s(f"network lb address-pool address add {nodes} -n extra --ip-address 10.1.4.99 --vnet {VNET}", members("cache-lb/nodes", *was, "extra"))
    s(f"network lb address-pool address update {nodes} -n extra --ip-address 10.1.4.98 --vnet {VNET}",
      lambda sim, _: check("10.1.4.98" in [m["ip"] for m in sim.azlb("list", "members", "--pool", "cache-lb/nodes", "--no-health")], "not moved"))
    s(f"network lb address-pool address remove {nodes} -n extra", members("cache-lb/nodes", *was))
    s(f"network lb frontend-ip list {lb}", names("fe-web"))
    s(f"network lb frontend-ip show {lb} -n fe-web", named("fe-web"))
    s(f"network lb probe create {lb} -n p2 --port 8081 --protocol tcp", child("probes", "p2", "port", 8081))
    s(f"network lb probe list {lb}", lambda sim, out: check("p2" in [p["name"] for p in out], "p2 is not listed"))
    s(f"network lb probe show {lb} -n p2", named("p2"))
    s(f"network lb probe update {lb} -n p2 --port 8082", child("probes", "p2", "port", 8082))
    s(f"network lb rule create {lb} -n r2 --frontend-ip-name fe-web --backend-pool-name blue --frontend-port 8080 --backend-port 8080 --protocol tcp --probe-name p2",
      child("loadBalancingRules", "r2", "backendPort", 8080))
    s(f"network lb rule list {lb}", lambda sim, out: check("r2" in [r["name"] for r in out], "r2 is not listed"))
    s(f"network lb rule show {lb} -n r2", named("r2"))
    s(f"network lb rule update {lb} -n r2 --idle-timeout 10", child("loadBalancingRules", "r2", "idleTimeoutInMinutes", 10))
    s(f"network lb rule delete {lb} -n r2", child("loadBalancingRules", "r2", gone=True))
    s(f"network lb probe delete {lb} -n p2", child("probes", "p2", gone=True))
    s(f"network lb outbound-rule create {lb} -n o2 --frontend-ip-configs fe-web --protocol All --address-pool green", child("outboundRules", "o2", "protocol", "All"))
    s(f"network lb outbound-rule list {lb}", lambda sim, out: check("o2" in [r["name"] for r in out], "o2 is not listed"))
    s(f"network lb outbound-rule show {lb} -n o2", named("o2"))
    s(f"network lb outbound-rule update {lb} -n o2 --idle-timeout 10", child("outboundRules", "o2", "idleTimeoutInMinutes", 10))
    s(f"network lb outbound-rule delete {lb} -n o2", child("outboundRules", "o2", gone=True))
    s(f"network lb inbound-nat-rule create {lb} -n n2 --frontend-ip-name fe-web --backend-pool-name blue --frontend-port-range-start 2200 --frontend-port-range-end 2299 --backend-port 22 --protocol tcp",
      child("inboundNatRules", "n2", "backendPort", 22))
    s(f"network lb inbound-nat-rule list {lb}", names("n2"))
    s(f"network lb inbound-nat-rule show {lb} -n n2", named("n2"))
    s(f"network lb list-mapping {web} -n web-lb --backend-pool-name blue --request ip=10.1.1.5",
      lambda sim, out: check(out["inboundNatRulePortMappings"][0]["frontendPort"] == 2201, f"{out}"))
    s(f"network lb inbound-nat-rule update {lb} -n n2 --backend-port 23", child("inboundNatRules", "n2", "backendPort", 23))
    s(f"network lb inbound-nat-rule delete {lb} -n n2", child("inboundNatRules", "n2", gone=True))
    s(f"network lb list-nic {web} -n web-lb", lambda sim, out: check("vm-web-1-nic" in [n["name"] for n in out], "vm-web-1-nic is not listed"))
    s("network nic list", lambda sim, out: check(len([n for n in out if n["name"].startswith("vm-web-")]) == 8, "not 8 web NICs"))
    s(f"network nic show {web} -n vm-web-1-nic", named("vm-web-1-nic"))
    config = f"{web} --nic-name vm-web-8-nic"
    s(f"network nic ip-config list {config}", names("ipconfig1"))
    s(f"network nic ip-config show {config} -n ipconfig1", named("ipconfig1"))
    blue = ["vm-web-1", "vm-web-2", "vm-web-3", "vm-web-4"]
    s(f"network nic ip-config address-pool add {config} --ip-config-name ipconfig1 --lb-name web-lb --address-pool blue", members("web-lb/blue", *blue, "vm-web-8"))
    s(f"network nic ip-config address-pool remove {config} --ip-config-name ipconfig1 --lb-name web-lb --address-pool blue", members("web-lb/blue", *blue))
    s(f"network nic ip-config update {config} -n ipconfig1 --lb-name web-lb --lb-address-pools blue", members("web-lb/blue", *blue, "vm-web-8"))
    s(f"network nic ip-config address-pool remove {config} --ip-config-name ipconfig1 --lb-name web-lb --address-pool blue", members("web-lb/blue", *blue))
    s("vm list", lambda sim, out: check("vm-db-1" in [v["name"] for v in out], "vm-db-1 is not listed"))
    s(f"vm show {web} -n vm-web-1", named("vm-web-1"))
    power = lambda state: lambda sim, out: check(
        f"PowerState/{state}" in [p["code"] for p in sim.az("vm get-instance-view -g rg-web -n vm-web-8")["instanceView"]["statuses"]], f"not {state}")
    s(f"vm get-instance-view {web} -n vm-web-8", power("running"))
    s(f"vm deallocate {web} -n vm-web-8", power("deallocated"))
    s(f"vm start {web} -n vm-web-8", power("running"))
    api = "-g rg-api -n api-ss"
    s("vmss list", names("api-ss", "batch-ss"))
    s(f"vmss show {api}", named("api-ss"))
    s(f"vmss list-instances {api}", count(6))
    s(f"vmss get-instance-view {api}", lambda sim, out: check(out is not None, "nothing"))
    s(f"vmss get-instance-view {api} --instance-id 0", lambda sim, out: check(out["statuses"], "no status"))
    s("vmss nic list -g rg-api --vmss-name api-ss", count(6))
    s(f"vmss update {api} --set upgradePolicy.mode=Manual", lambda sim, out: check(out["upgradePolicy"]["mode"] == "Manual", "not Manual"))
    s(f"vmss update-instances {api} --instance-ids *", lambda sim, _: check(
        all(i["latestModelApplied"] for i in sim.az(f"vmss list-instances {api}")), "an instance is not on the latest model"))
    ss = lambda n: [f"api-ss/{i}" for i in range(n)]
    s(f"vmss scale {api} --new-capacity 8", members("api-lb/api", *ss(8)))
    s(f"vmss scale {api} --new-capacity 6", members("api-lb/api", *ss(6)))
    s("network public-ip list", names("pip-web"))
    s(f"network public-ip show {web} -n pip-web", named("pip-web"))
    s("network vnet list", names("vnet-prod"))
    s("network vnet show -g rg-net -n vnet-prod", named("vnet-prod"))
    s("network nsg list", count(0))
    s(f"monitor metrics list --resource {WEB_LB} --metric DipAvailability", lambda sim, out: check(
        len(out["value"][0]["timeseries"][0]["data"]) >= 59, "less than an hour"))
    s("lock list --subscription 00000000-0000-0000-0000-000000000002", names("change-freeze"))
    query = {"query": "Resources | where type =~ 'microsoft.network/loadbalancers' | project name | order by name asc"}
    s(["rest", "--method", "post", "--url", "GRAPH", "--body", json.dumps(query)], lambda sim, out: check(
        [r["name"] for r in out["data"]][:2] == ["api-lb", "batch-lb"], f"{out['data']}"))
    new = f"{PROD}/resourceGroups/rg-web/providers/Microsoft.Network/loadBalancers/new-lb"
    s(f"network lb create {web} -n new-lb --sku Standard --public-ip-address pip-web", lambda sim, _: check(sim.there(new), "not there"))
    s(f"network lb delete {web} -n new-lb", lambda sim, _: check(not sim.there(new), "still there"))


REFUSED = [
    # What ARM refuses, and with which code.
    ("network lb show -g rg-web -n nosuch", "ResourceNotFound"),
    ("network lb show -g nosuch -n web-lb", "ResourceGroupNotFound"),
    ("network lb address-pool delete -g rg-web --lb-name web-lb -n blue", "InUse"),
    ("network nic ip-config address-pool add -g rg-web --nic-name vm-web-1-nic --ip-config-name ipconfig1 --address-pool "
     f"{PROD}/resourceGroups/rg-cache/providers/Microsoft.Network/loadBalancers/cache-lb/backendAddressPools/nodes", "CannotMix"),
    ("network lb delete -g rg-stg -n stg-locked-lb --subscription 00000000-0000-0000-0000-000000000002", "ScopeLocked"),
]


def sdk(sim):
    """azure-mgmt-network and azure-mgmt-compute, newest, with their own pollers."""
    from azure.identity import ManagedIdentityCredential
    from azure.mgmt.compute import ComputeManagementClient
    from azure.mgmt.network import NetworkManagementClient

    keep = {k: os.environ.get(k) for k in sim.env}
    os.environ.update(sim.env)
    try:
        credential = ManagedIdentityCredential()
        scope = dict(base_url=sim.tls, credential_scopes=[f"{sim.tls}/.default"])
        network = NetworkManagementClient(credential, PROD.split("/")[-1], **scope)
        compute = ComputeManagementClient(credential, PROD.split("/")[-1], **scope)
        yield "load_balancers.list", lambda: check(len(list(network.load_balancers.list_all())) == 5, "not 5")
        yield "load_balancers.get", lambda: check(network.load_balancers.get("rg-web", "web-lb").name == "web-lb", "another")

        def nic_round():
            nic = network.network_interfaces.get("rg-web", "vm-web-8-nic")
            pool = network.load_balancer_backend_address_pools.get("rg-web", "web-lb", "green")
            was = nic.ip_configurations[0].load_balancer_backend_address_pools
            nic.ip_configurations[0].load_balancer_backend_address_pools = (was or []) + [pool]
            network.network_interfaces.begin_create_or_update("rg-web", "vm-web-8-nic", nic).result()
            check("vm-web-8" in sim.members("web-lb/green"), "it did not join")
            nic = network.network_interfaces.get("rg-web", "vm-web-8-nic")
            nic.ip_configurations[0].load_balancer_backend_address_pools = was
            network.network_interfaces.begin_create_or_update("rg-web", "vm-web-8-nic", nic).result()
            check(("vm-web-8" in sim.members("web-lb/green")) == bool(was), "it did not leave")

        yield "network_interfaces.begin_create_or_update", nic_round

        def pool_round():
            network.load_balancer_backend_address_pools.begin_create_or_update("rg-web", "web-lb", "sdk", {}).result()
            child("backendAddressPools", "sdk")(sim, None)
            network.load_balancer_backend_address_pools.begin_delete("rg-web", "web-lb", "sdk").result()
            child("backendAddressPools", "sdk", gone=True)(sim, None)

        yield "load_balancer_backend_address_pools.begin_create_or_update, begin_delete", pool_round

        def lb_round():
            body = network.load_balancers.get("rg-db", "db-lb")
            network.load_balancers.begin_create_or_update("rg-db", "db-lb", body).result()
            check(sim.members("db-lb/masters") == ["vm-db-1"], "the master is lost")
            network.load_balancers.begin_create_or_update("rg-web", "sdk-lb", {"location": "westeurope", "sku": {"name": "Standard"}}).result()
            check(sim.there(f"{PROD}/resourceGroups/rg-web/providers/Microsoft.Network/loadBalancers/sdk-lb"), "not there")
            network.load_balancers.begin_delete("rg-web", "sdk-lb").result()
            check(not sim.there(f"{PROD}/resourceGroups/rg-web/providers/Microsoft.Network/loadBalancers/sdk-lb"), "still there")

        yield "load_balancers.begin_create_or_update, begin_delete", lb_round
        yield "virtual_machines.list, get", lambda: check(
            "vm-db-1" in [v.name for v in compute.virtual_machines.list_all()]
            and compute.virtual_machines.get("rg-db", "vm-db-1", expand="instanceView").instance_view is not None, "no view")

        def sets():
            check(len(list(compute.virtual_machine_scale_set_vms.list("rg-api", "api-ss"))) == 6, "not 6 instances")
            body = compute.virtual_machine_scale_sets.get("rg-api", "api-ss")
            compute.virtual_machine_scale_sets.begin_create_or_update("rg-api", "api-ss", body).result()
            one = compute.virtual_machine_scale_set_vms.get("rg-api", "api-ss", "1")
            compute.virtual_machine_scale_set_vms.begin_update("rg-api", "api-ss", "1", one).result()
            check(len(sim.members("api-lb/api")) == 6, "a member is lost")

        yield "virtual_machine_scale_sets, virtual_machine_scale_set_vms", sets
    finally:
        for key, value in keep.items():
            os.environ.pop(key, None) if value is None else os.environ.__setitem__(key, value)


def main():
    plan()
    failures = 0
    done = 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        sim = Sim(folder)
        try:
            sim.az(f"cloud register -n sim --endpoint-resource-manager {sim.tls}")
            sim.az("cloud set -n sim")
            sim.az("login --identity")
            work = []
            for line, function in STEPS:
                if isinstance(line, list):
                    line = [f"{sim.tls}/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01" if w == "GRAPH" else w for w in line] + ["--resource", sim.tls]
                work.append((line, lambda l=line, f=function: f(sim, sim.az(l))))
            work += [(f"{line}  ({code})", lambda l=line, c=code: sim.az(l, fails=c)) for line, code in REFUSED]
            for line, run in work:
                text = line if isinstance(line, str) else " ".join(line)
                if ONLY and not any(o in text for o in ONLY):
                    continue
                done, failures = attempt(f"az {text}", run, done, failures)
            for text, run in sdk(sim):
                if ONLY and not any(o in text for o in ONLY):
                    continue
                done, failures = attempt(f"sdk {text}", run, done, failures)
        finally:
            sim.stop()
    print(f"real clients: {done} checks, {failures} failed, {time.monotonic() - start:.0f} s")
    sys.exit(1 if failures else 0)


def attempt(text, run, done, failures):
    text = re.sub(r"/subscriptions/\S*/", "…/", text)
    try:
        run()
        print(f"ok    {text}")
    except Exception as error:  # every kind of failure is one of the check
        failures += 1
        print(f"FAIL  {text}\n      {type(error).__name__}: {error}")
    sys.stdout.flush()
    return done + 1, failures


main()
