package veiviser

import "time"

// OutboxEntry is a log entry with the place it was read from.
type OutboxEntry struct {
	Partition int
	// Position is opaque; positions of one partition come in order, and reading goes on after the last one handled.
	Position string
	Entry    LogEntry
	// Written is when the store wrote it, by the store's clock.
	Written time.Time
	// Person is an opaque token for the person it is about, under which the store finds her; set for decisions, and where the next promise
	// to her changed (see [LogEntry.Promises]).
	Person string
	// First is true for the first decision for a person for as long as her decisions are remembered.
	First bool
	// Err is set when the entry cannot be read; it is to be counted and passed over.
	Err error
}
