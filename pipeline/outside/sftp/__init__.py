"""Vendors' SFTP servers: connecting, listing, fetching, pushing."""

from pipeline.ground.unused import hidden

with hidden("invoke"):  # for words of OpenSSH's configuration files
    import paramiko as paramiko
