"""One order model, one risk engine, one audit trail, any venue."""
