"""A certificate authority that only the test's own containers trust, for Google's names."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = timedelta(days=1)


class Authority:
    """``certificate`` is what to trust it by; ``bundle`` is that beside all that is trusted
    anyway, in the form of certifi's file, over which it can be mounted.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.certificate, self.bundle = folder / "ca.pem", folder / "bundle.pem"
        key = ec.generate_private_key(ec.SECP256R1())
        made = _signed("dataflows story", key, key, [], authority=True)
        self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        self.bundle.write_bytes(self.certificate.read_bytes() + Path(certifi.where()).read_bytes())
        own = ec.generate_private_key(ec.SECP256R1())
        leaf = _signed(names[0], own, key, names)
        chain = folder / "google.pem"
        chain.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + leaf.public_bytes(serialization.Encoding.PEM)
        )
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(chain)


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
    *,
    authority: bool = False,
) -> x509.Certificate:
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dataflows story")])
    now = datetime.now(UTC)
    told = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 7 * _DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )
    )
    if authority:
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        told = told.add_extension(usage, critical=True)
    else:
        server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        alternative = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        told = told.add_extension(server, critical=False).add_extension(alternative, critical=False)
    return told.sign(by, hashes.SHA256())
