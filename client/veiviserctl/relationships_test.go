package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veiviser/veiviser/internal/eval/simulate/bonds"
	"github.com/veiviser/veiviser/internal/raced"
)

// relating runs simulate relationships on few people.
func relating(more ...string) []string {
	return append([]string{"simulate", "relationships", "--people", "40", "--days", "200"}, more...)
}

func TestRelationshipsInThreeWays(t *testing.T) {
	if raced.On {
		t.Skip("eight simulated lives of a shop, some fifteen times slower under the race detector; they run without it")
	}
	page := filepath.Join(t.TempDir(), "new", "report.html")
	code, stdout, stderr := alone(t.Context(), relating("--json", "--html", page)...)
	if code != exitOK || !strings.Contains(stderr, page) {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	var r bonds.Result
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	var have []string
	for i := range r.Shops {
		have = append(have, r.Shops[i].Name)
	}
	if got := strings.Join(have, " "); got != "veiviser without ad-server oracle" || r.People != 40 || r.Days != 200 || r.Seed != 1 {
		t.Errorf("%s, %d people, %d days, seed %d", got, r.People, r.Days, r.Seed)
	}
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{simulateMark, "<svg", "ad-server", "The loyalty ladder at work"} {
		if !strings.Contains(string(written), want) {
			t.Errorf("the page has no %s", want)
		}
	}
	text := must(t, relating()...)
	if !strings.Contains(text, "Relationships under sykkel") || !strings.Contains(text, r.Shops[0].Name+" showed 0 offers before") {
		t.Errorf("the text says\n%s", text)
	}
}

func TestRelationshipsRefuses(t *testing.T) {
	mine := filepath.Join(t.TempDir(), "mine.html")
	if err := os.WriteFile(mine, []byte("<p>mine</p>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args []string
		want string
	}{
		{[]string{"--people", "0"}, "--people"},
		{[]string{"--days", "89"}, "--days"},
		{[]string{"--plan", "yodel"}, "yodel"},
		{[]string{"--plan", "marketplace", "--placement", "home"}, "recovery"},
		{[]string{"--placement", "nowhere"}, "nowhere"},
		{[]string{"--html", mine}, mine},
	} {
		code, stdout, stderr := alone(t.Context(), relating(x.args...)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, x.want) {
			t.Errorf("%v: exit %d, %q, %s", x.args, code, stdout, stderr)
		}
	}
}
