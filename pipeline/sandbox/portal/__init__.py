"""The state's EIS portal, as a browser meets it: a front page, a sign-in on two pages, tiles, and behind them two old
applications that open in windows of their own. The markup is that of DOMAIN.md's "The EIS portal"."""
