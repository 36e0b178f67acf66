"""One adapter for each outside world: SFTP servers, drop folders, Google's cloud, a browser, the state's portal."""
