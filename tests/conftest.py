"""What every test may use."""

pytest_plugins = ["tests.skips", "tests.databases"]
