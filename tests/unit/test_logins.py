"""What a server asks for in words: the password, another one, or what no stored password answers."""

import pytest

from pipeline.outside.sftp import logins

QUESTIONS = [
    ("", "", "Password: ", "given"),
    ("", "Passwords must be changed every 90 days.", "Password: ", "given"),
    ("Your password will expire in 6 days.", "Please change your password soon.", "Password:", "given"),
    ("", "", "LDAP authentication password: ", "given"),
    ("", "", "Password for duo: ", "given"),
    ("", "", "duo@pin.example.org's password: ", "given"),
    ("", "", "Enter passphrase", "given"),
    ("", "", "One-time password: ", "code"),
    ("", "", "OTP password:", "code"),
    ("", "", "Verification code: ", "code"),
    ("", "", "Duo two-factor passcode: ", "code"),
    ("", "Your password has expired.", "Password: ", "expired"),
    ("Password expired", "", "Password: ", "expired"),
    ("", "It must be changed now.", "Password: ", "expired"),
    ("", "", "New password: ", "expired"),
    ("", "", "Current password:", "expired"),
]


@pytest.mark.parametrize(("title", "instructions", "question", "what"), QUESTIONS)
def test_a_question_is_for_the_password_or_for_something_else(
    title: str, instructions: str, question: str, what: str
) -> None:
    answer = logins._answers("the secret", "duo", "pin.example.org")
    if what == "given":
        assert answer(title, instructions, [(question, False)]) == ["the secret"]
    else:
        with pytest.raises(logins._Asked, match=what):
            answer(title, instructions, [(question, False)])


def test_what_asks_nothing_is_no_refusal() -> None:
    answer = logins._answers("the secret")
    assert answer("", "Your password will expire in 6 days. Please change your password soon.", []) == []
    assert answer("", "", [("Password: ", False)]) == ["the secret"]
