"""Who is there: accounts, passwords, sign-ins, guessing slowed down, organisations kept apart."""
