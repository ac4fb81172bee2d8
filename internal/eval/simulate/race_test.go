//go:build race

package simulate

// raced says that the race detector is at work, which makes a fit some fifteen times slower.
const raced = true
