"""The command line: arguments → calls → rendering. The only printer."""
