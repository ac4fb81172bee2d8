// Package raced tells tests whether the race detector is at work. It makes numbers some fifteen times slower: what counts, fits or
// simulates much does little of it then, and all of it in the runs without it.
package raced

import "flag"

// FewerDraws lets property tests draw fewer cases under the race detector. It is for TestMain; the command line may say otherwise.
func FewerDraws() {
	if On {
		_ = flag.Set("rapid.checks", "15") // fails only where there is no property test
	}
}

// Skip skips a test that computes much, and of which the race detector would say nothing that other tests do not let it see.
func Skip(tb interface {
	Helper()
	Skip(args ...any)
},
) {
	tb.Helper()
	if On {
		tb.Skip("it computes much: run without the race detector")
	}
}
