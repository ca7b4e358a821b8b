"""The web pages of the people who answer calls for help, and the live stream behind them."""
