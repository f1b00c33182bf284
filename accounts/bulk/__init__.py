"""The set-based SQL of the nightly steps: the rules of accounts/rules, one statement a shard.

Nothing is decided here that the rules do not decide; a property test holds both to the same answer.
"""
