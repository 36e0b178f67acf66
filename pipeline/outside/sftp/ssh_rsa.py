"""A connection to a server that can prove its host key only by the signature `ssh-rsa`: RSA over a SHA-1 hash.

paramiko does not offer it any more and would not verify it. Here it is taken by one class of connection, which is
used for a vendor whose row in vendors.py asks for it, and paramiko itself stays as it is for all others. The key
must be pinned and the signature right, as everywhere; signatures of today are preferred when the server has them.
"""

import paramiko
from cryptography.hazmat.primitives import hashes

from pipeline.outside.sftp.handshake import Transport


class Sha1Key(paramiko.RSAKey):
    """An RSA host key whose signature is `ssh-rsa`, and no other."""

    HASHES = {"ssh-rsa": hashes.SHA1}  # type: ignore[misc]  # noqa: RUF012  (paramiko's own is a plain dict)


class SshRsaTransport(Transport):
    """Takes what paramiko takes, and `ssh-rsa` after all of it."""

    # paramiko offers each name's certificate too; one is taken for the key in it, which must be pinned.
    _key_info = {  # noqa: RUF012
        **Transport._key_info,  # type: ignore[attr-defined]
        "ssh-rsa": Sha1Key,
        "ssh-rsa-cert-v01@openssh.com": Sha1Key,
    }
    _preferred_keys = (*Transport._preferred_keys, "ssh-rsa")  # type: ignore[attr-defined]
