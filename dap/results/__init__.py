"""Many runs read back: tables, sweeps, listening tests."""
