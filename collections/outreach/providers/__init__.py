"""The ways out: who carries messages to customers, and what comes back. docs/providers.md."""
