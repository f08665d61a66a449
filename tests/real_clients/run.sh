#!/usr/bin/env bash
# The az CLI and the Azure SDK for Python against the simulator, each check one line.
# Not in `cargo test`: it fetches both from PyPI into target/real-clients. Arguments choose checks by text.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo "real clients: SKIPPED, there is no python3 with venv here" >&2
    exit 0
fi
venv=${AZLB_CLIENTS_VENV:-target/real-clients}
if ! [ -e "$venv/ready" ]; then
    python3 -m venv "$venv"
    # The newest of 2026-11: newer ones ask for api-versions that the simulator may not know yet.
    # azure-cli pins old management libraries of its own beside the newest of the SDK's: two environments.
    "$venv/bin/pip" install --quiet --disable-pip-version-check azure-cli==2.91.0
    python3 -m venv "$venv/sdk"
    "$venv/sdk/bin/pip" install --quiet --disable-pip-version-check \
        azure-mgmt-network==33.1.0 azure-mgmt-compute==39.0.0 azure-identity==1.27.0
    touch "$venv/ready"
fi
cargo build --quiet
exec "$venv/sdk/bin/python" tests/real_clients/run.py target/debug/azlb "$venv/bin/az" "$@"
