"""Labs as processes of this machine, all under one account: for trying out, and for tests."""
