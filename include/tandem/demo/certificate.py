"""A certificate of this machine's own: sign-ins over plain HTTP are refused everywhere."""

import os
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from tandem.demo.clock import Clock, system_clock

LIFE: Final = timedelta(days=365)


def certificate(folder: Path, clock: Clock = system_clock) -> tuple[Path, Path]:
    """Files with a certificate for localhost and its key; made if missing or past its time."""
    folder.mkdir(parents=True, exist_ok=True)
    public, private = folder / "localhost.pem", folder / "localhost.key"
    if not (public.exists() and private.exists() and _is_good(public, clock)):
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write_for_owner(private, pem)
        public.write_bytes(_signed(key, clock).public_bytes(Encoding.PEM))
    return public, private


def _write_for_owner(file: Path, content: bytes) -> None:
    """Nobody else can read it, whoever could read what was there before."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        os.fchmod(opened.fileno(), 0o600)
        opened.write(content)


def _is_good(public: Path, clock: Clock) -> bool:
    return x509.load_pem_x509_certificate(public.read_bytes()).not_valid_after_utc > clock()


def _signed(key: ec.EllipticCurvePrivateKey, clock: Clock) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = clock()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
