package api

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestPageTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list, filter := rapid.String().Draw(t, "list"), rapid.String().Draw(t, "filter")
		cursor := rapid.StringN(1, 40, 128).Draw(t, "cursor")
		p := pageOf(list, filter)
		got, err := p.cursor(p.token(cursor))
		if err != nil || got != cursor {
			t.Fatalf("cursor %q came back as %q, %v", cursor, got, err)
		}
		if len(p.token(cursor)) > 512 {
			t.Fatalf("a token of %d bytes is longer than a request may carry", len(p.token(cursor)))
		}
		for _, other := range []page{pageOf(list, filter+"x"), pageOf(list + filter), pageOf(list, filter, "")} {
			if got, err := other.cursor(p.token(cursor)); err == nil {
				t.Fatalf("%q took a token of %q: %q", other.key, p.key, got)
			}
		}
	})
}

func FuzzPageToken(f *testing.F) {
	p := pageOf("items", "ITEM_KIND_OFFER", "bike")
	for _, s := range []string{"", "x", "AA", "AQAAAAAAAAAAYQ", "=", p.token("guide/fit") + "=", pageOf("segments").token("families")} {
		f.Add(s)
	}
	f.Add(p.token("guide/fit"))
	f.Fuzz(func(t *testing.T, s string) {
		c, err := p.cursor(s)
		if err == nil && p.token(c) != s {
			t.Errorf("%q is no token that was issued, but read as %q", s, c)
		}
		if err != nil && veiviser.ReasonOf(err) != veiviser.ReasonInvalidPageToken {
			t.Errorf("%q: %v", s, err)
		}
		if n, err := p.number(s); err == nil && s != "" && n == 0 {
			t.Errorf("%q is page 0", s)
		}
	})
}
