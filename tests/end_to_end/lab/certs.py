"""A throw-away certificate authority, through the openssl command."""
import base64
import hashlib
import os
import subprocess

from .place import put
from .process import must

GOOD_NAMES = "DNS:localhost,DNS:mail.example.test,IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3,IP:::1"


class Authority:
    """ca_file is what clients should trust. good, wrong_name, expired, self_signed, client: (certificate, key) paths."""

    def __init__(self, folder):
        self.folder = folder
        self.ca_file = os.path.join(folder, "ca.pem")
        self._ca_key = os.path.join(folder, "ca.key")
        self._key(self._ca_key)
        self._request("ca", "/CN=Laboratory CA", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign", self._ca_key)
        self.good = self._leaf("good", "/CN=localhost", GOOD_NAMES)
        self.wrong_name = self._leaf("wrong_name", "/CN=other.example.test", "DNS:other.example.test")
        self.client = self._leaf("client", "/CN=broker", "", "clientAuth")
        self.self_signed = self._leaf("self_signed", "/CN=localhost", GOOD_NAMES, signed=False)
        self.expired = self._expired()

    def issue(self, name, names):
        """Another good one for a server, for these names: (certificate, key) paths."""
        return self._leaf(name, "/CN=" + name, names)

    def _key(self, path):
        must(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path])
        os.chmod(path, 0o600)

    def _leaf_extensions(self, names, usage):
        text = f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage={usage}"
        return text + (f"\nsubjectAltName={names}" if names else "")

    def _config(self, name, extensions):
        path = os.path.join(self.folder, name + ".cnf")
        put(path, f"[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\n{extensions}\n")
        return path

    def _request(self, name, subject, extensions, key, signed=False):
        out = os.path.join(self.folder, name + ".pem")
        argv = ["openssl", "req", "-x509", "-new", "-key", key, "-sha256", "-days", "30", "-subj", subject, "-config", self._config(name, extensions), "-out", out]
        must(argv + (["-CA", self.ca_file, "-CAkey", self._ca_key] if signed else []))
        return out

    def _leaf(self, name, subject, names, usage="serverAuth", signed=True):
        key = os.path.join(self.folder, name + ".key")
        self._key(key)
        return self._request(name, subject, self._leaf_extensions(names, usage), key, signed), key

    def _expired(self):
        """Only "openssl ca" can set dates in the past in OpenSSL 3.0."""
        key, request = os.path.join(self.folder, "expired.key"), os.path.join(self.folder, "expired.csr")
        out, index, config = (os.path.join(self.folder, n) for n in ("expired.pem", "index", "expired.ca"))
        self._key(key)
        must(["openssl", "req", "-new", "-key", key, "-subj", "/CN=localhost", "-config", self._config("request", ""), "-out", request])
        put(index, "")
        put(config, f"[ca]\ndefault_ca=d\n[d]\ndatabase={index}\nserial={index}.serial\nnew_certs_dir={self.folder}\ndefault_md=sha256\n"
                    f"policy=p\nx509_extensions=v3\n[p]\ncommonName=supplied\n[v3]\n{self._leaf_extensions(GOOD_NAMES, 'serverAuth')}\n")
        must(["openssl", "ca", "-batch", "-notext", "-create_serial", "-config", config, "-cert", self.ca_file, "-keyfile", self._ca_key,
              "-in", request, "-out", out, "-startdate", "20200101000000Z", "-enddate", "20200201000000Z"])
        return out, key


def pin(certificate):
    """What pin_sha256 wants: base64 of the SHA-256 of the SubjectPublicKeyInfo."""
    public = must(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"])
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public.encode(), capture_output=True, check=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()
