"""What everybody stands on: settings, secrets, errors, files of ours, what may be shown. Nothing here knows a flow."""
