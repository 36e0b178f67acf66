"""The one list of what the doctor looks at. A further check is a function that yields lines, and a row here.

Rows with the same parties are asked of each party together, in this order.
"""

from pipeline.run.doctor import google, here, keys, places, told, trial, vendors
from pipeline.run.doctor.examining import Check

CHECKS = (
    Check("configuration", here.configuration),
    Check("secrets", keys.check),
    Check("who is told", told.check),
    Check("disk", here.disk),
    Check("clock", here.clock),
    Check("scheduler", here.scheduler),
    Check("browser", here.browser),
    Check("drop folder", places.drop_folder, places.drop_folders),
    Check("host key", vendors.host_key, vendors.names),
    Check("login", vendors.login, vendors.names, after=("host key",)),
    Check("folders", vendors.folders, vendors.names, after=("login",)),
    Check("server", vendors.server, vendors.names, after=("login",)),
    Check("push", vendors.push, vendors.names, after=("login",)),
    Check("account", google.account, google.google),
    Check("bucket", google.bucket, google.google, after=("account",)),
    Check("what stands there", google.standing_as_promised, google.google, after=("account",)),
    Check("views", google.statements, google.google, after=("account",)),
    Check("scratch dataset", trial.check, google.google, after=("account",), seconds=900),
)
