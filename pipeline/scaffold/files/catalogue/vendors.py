"""The vendors whose SFTP servers we talk to. Addresses and accounts are in luigi.cfg, agreements in agreements.py."""
#: with clever savvas otus ellevation powerschool

from pipeline.outside.sftp.vendor import Vendor
#: always

VENDORS = (
#: with clever
    # Its sync begins five minutes after the last activity in the folder.
    Vendor("clever", within=240, agreement="Clever"),
#: with powerschool+clever
    Vendor("clever_reports"),
#: with savvas
    Vendor("savvas", agreement="SAVVAS", called="SAVVAS"),
#: with otus
    Vendor("otus", agreement="Otus", called="OTUS"),
#: with ellevation
    Vendor("ellevation", agreement="Ellevation"),
#: with powerschool
    Vendor("district", agreement="own records", called="the district"),
#: always
)
