"""Which tests answer for a module: the nearest first, as a mutant meets them up to the first that falls."""


def _unit(names: str) -> tuple[str, ...]:
    return tuple(f"tests/unit/test_{name}.py" for name in names.split())


def _integration(names: str) -> tuple[str, ...]:
    return tuple(f"tests/integration/test_{name}.py" for name in names.split())


LIMITS, CHANGES, SINGLE, DAMAGES, FILES = (
    f"tests/sql/test_{name}.py"
    for name in ("checks_at_their_limits", "what_changes", "single_values", "damages_are_held", "view_files")
)
_ROWS = (*_unit("catalogue agreements"), DAMAGES, FILES)
_CATALOGUE = "agreements deliveries feeds terms vendors"
_SERVED = {
    "inbound/evidence": (
        *_unit("landed prepared lastgood graph evidence sources"),
        *_integration("warehouse storage verdicts"),
    ),
    "outside/cloud/evidence": (*_unit("evidence"), *_integration("warehouse storage")),
    "outbound/snapshots": _integration("verdicts restricted"),
    "outbound/evidence": (*_unit("evidence catalogue"), *_integration("verdicts giving")),
    "outbound/giving": _integration("giving verdicts"),
    "outbound/interrupted": _integration("giving sent"),
    "outbound/exports": _integration("sent restricted"),
    "outside/sftp/trail": _integration("giving"),
    "outside/sftp/pushing": _integration("pushing"),
    "outside/sftp/inflight": _integration("sftp servers"),
    "outside/cloud/storage": (*_unit("cloud"), *_integration("storage")),
    "outside/cloud/texts": _integration("texts cloud_forks"),
    "outside/cloud/warehouse": (*_unit("cloud"), *_integration("warehouse checks")),
    "outbound/ledger": _integration("ledger"),
    "outbound/happened": _integration("history"),
    "outbound/history": _integration("history"),
    "outbound/verdicts": _integration("verdicts giving"),
}
# These start servers: some seconds for each mutant.
SLOW = frozenset(_SERVED)

TESTS: dict[str, tuple[str, ...]] = {
    "catalogue/contract": _unit("contract prepared forms values agreements"),
    "inbound/encoding": _unit("encoding contract values"),
    "catalogue/dialect": _unit("dialect contract contract_properties"),
    "formats/eis_readers": _unit("report_readers kinds prepared"),
    "outbound/checks": (LIMITS, DAMAGES, *_integration("checks")),
    "outbound/churn": (*_unit("churn"), CHANGES, *_integration("checks")),
    "outbound/columns": (*_unit("columns"), CHANGES, *_integration("checks broken_exports")),
    "outbound/holders": (SINGLE,),
    "catalogue/limits": (*_unit("churn catalogue columns agreements"), LIMITS, DAMAGES),
    "catalogue/values": _unit("values contract forms"),
    "catalogue/forms": _unit("forms contract"),
    "inbound/keys": _unit("keys contract"),
    "inbound/verdict": _unit("contract forms values prepared"),
    "catalogue/agreement": _unit("agreements catalogue"),
    "catalogue/feed": _unit("catalogue agreements prepared lateness graph sources"),
    "outside/sftp/vendor": _ROWS,
    **{f"riverbend/{name}": _ROWS for name in _CATALOGUE.split()},
    **{f"formats/{name}": _ROWS for name in ["clever", "savvas", "ellevation", "otus", "powerschool"]},
    "run/outcome": _unit("outcome graph progress purge"),
    "run/runner": (*_unit("outcome graph progress purge"), *_integration("scheduler")),
    **_SERVED,
}
