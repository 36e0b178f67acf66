"""The vendors whose SFTP servers we talk to: how to behave towards each. Addresses and accounts are in luigi.cfg."""

from pipeline.outside.sftp.vendor import Vendor

VENDORS = (
    # EasyBridge writes the score files over some minutes.
    Vendor("savvas", timeout=30, settle=5, agreement="Riverbend-SAVVAS data agreement 2025", called="SAVVAS"),
    Vendor("otus", agreement="Riverbend-Otus data agreement 2026", called="OTUS"),
    Vendor("ellevation", agreement="Riverbend-Ellevation data agreement 2025"),
    # Its sync begins five minutes after the last activity in the folder: what is put there later is another set.
    Vendor("clever", within=240, agreement="Riverbend-Clever data agreement 2026"),
    # A second server and account of Clever's, which only gives.
    Vendor("clever_reports"),
    # An old server: an RSA key, proved by SHA-1 alone. Ask now and then whether it still is, and drop the word.
    Vendor("easyiep", host_key_algorithms=("ssh-rsa",), called="EasyIEP"),
    # The district's own server, from which the student information systems take what they import.
    Vendor("district", agreement="Riverbend's own records", called="the district"),
)
