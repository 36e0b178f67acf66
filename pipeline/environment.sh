# shellcheck shell=bash
# Sourced first by all that people and cron call: setup.sh, morning and the wrappers.

# The caller's own Python environment is not ours.
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONSAFEPATH VIRTUAL_ENV
# A configuration that the caller names is named from the caller's folder.
if [[ -n ${LUIGI_CONFIG_PATH-} ]]; then
    LUIGI_CONFIG_PATH=$(readlink -m -- "$LUIGI_CONFIG_PATH")
    export LUIGI_CONFIG_PATH
fi
