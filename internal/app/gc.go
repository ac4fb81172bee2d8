package app

import (
	"os"
	"runtime/debug"
)

// gcPercent is how much the heap may grow before it is collected, in percent of what was in use. What is in use is the
// catalogue, which hardly changes, while every call leaves garbage: with Go's own 100 a tenth of a call went into marking
// the same items again. A limit on memory (GOMEMLIMIT, or a container's) still makes the collector work harder near it.
const gcPercent = 400

// collectSeldom sets that, unless the operator has set GOGC. It is the process's, so [Run] calls it and [Start] does not.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
