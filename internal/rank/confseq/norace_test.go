//go:build !race

package confseq_test

const raced = false
