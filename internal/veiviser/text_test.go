package veiviser_test

import (
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestTrimSubject(t *testing.T) {
	for subject, want := range map[string]string{
		"bike/ebike": "bike/ebike", " bike/ebike/ ": "bike/ebike", "bike/*": "bike", "bike/ebike// /": "bike/ebike", "/bike": "/bike", "*": "*",
		"": "", " ": "", "/": "", "/*": "", "\tparts\n": "parts",
	} {
		if got := veiviser.TrimSubject(subject); got != want {
			t.Errorf("%q becomes %q, want %q", subject, got, want)
		}
	}
}
