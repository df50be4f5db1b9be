"""Certificates that sign themselves, for servers of a test."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from tests.support.programs import program


def write_certificate(folder: Path, *hosts: str) -> tuple[Path, Path]:
    """Puts a certificate for `hosts` and its key in place of those in `folder`: chain file and key file."""
    folder.mkdir(parents=True, exist_ok=True)
    chain, key = folder / "chain.pem", folder / "key.pem"
    names = ",".join(f"DNS:{host}" for host in hosts)
    new = (
        *(program("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-days", "2", "-subj", f"/CN={hosts[0]}", "-addext", f"subjectAltName={names}"),
        *("-keyout", str(key), "-out", str(chain)),
    )
    subprocess.run(new, check=True, capture_output=True)
    return chain, key


def trusting(chain: Path) -> ssl.SSLContext:
    """A client's context that believes this certificate alone."""
    return ssl.create_default_context(cafile=str(chain))
