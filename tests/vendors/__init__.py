"""The vendors' eyes: what each of them would say of the files in its folder. They know the vendors' formats and
nothing of how the files are made."""
