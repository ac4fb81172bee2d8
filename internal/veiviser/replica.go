package veiviser

// OutboxEntry is a log entry with the place it was read from.
type OutboxEntry struct {
	Partition int
	// Position is opaque; positions of one partition come in order, and reading goes on after the last one handled.
	Position string
	Entry    LogEntry
	// Err is set when the entry cannot be read; it is to be counted and passed over.
	Err error
}
