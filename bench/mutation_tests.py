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
_CATALOGUE = "agreements clever_rosters deliveries feeds powerschool_imports savvas_rosters vendors"
_SERVED = {
    "targets": (*_unit("landed prepared lastgood graph evidence sources"), *_integration("warehouse storage verdicts")),
    "outbound": (*_unit("evidence catalogue"), *_integration("verdicts giving")),
    "giving": _integration("giving verdicts"),
    "trail": _integration("giving"),
    "pushing": _integration("pushing"),
    "inflight": _integration("sftp servers"),
    "storage": (*_unit("cloud"), *_integration("storage")),
    "warehouse": (*_unit("cloud"), *_integration("warehouse checks")),
    "ledger": _integration("ledger"),
    "verdicts": _integration("verdicts giving"),
}
# These start servers: some seconds for each mutant.
SLOW = frozenset(_SERVED)

TESTS: dict[str, tuple[str, ...]] = {
    "contract": _unit("contract prepared forms values agreements"),
    "encoding": _unit("encoding contract values"),
    "dialect": _unit("dialect contract contract_properties"),
    "readers": _unit("report_readers kinds prepared"),
    "checks": (LIMITS, DAMAGES, *_integration("checks")),
    "churn": (*_unit("churn"), CHANGES, *_integration("checks")),
    "columns": (*_unit("columns"), CHANGES, *_integration("checks broken_exports")),
    "holders": (SINGLE,),
    "limits": (*_unit("churn catalogue columns agreements"), LIMITS, DAMAGES),
    "values": _unit("values contract forms"),
    "forms": _unit("forms contract"),
    "verdict": _unit("contract forms values prepared"),
    "agreements": _unit("agreements catalogue"),
    "feeds": _unit("catalogue agreements prepared lateness graph sources"),
    "vendors": _ROWS,
    **{f"riverbend/{name}": _ROWS for name in _CATALOGUE.split()},
    "runner": (*_unit("outcome graph progress purge"), *_integration("scheduler")),
    **_SERVED,
}
