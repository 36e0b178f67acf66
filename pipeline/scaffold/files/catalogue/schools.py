#: with eis
"""The schools of each login at the state's portal: the number, and the school's role there, `<school> - <authority>`."""

SCHOOLS: dict[str, dict[str, str]] = {
    # "LOGIN": {"0001": "Some Elementary School - Some Schools"},
}
