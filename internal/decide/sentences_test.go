package decide

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// jargon are words that a customer does not use.
var jargon = []string{
	"segment", "score", "propensity", "modell", "model", "algorit", "algorithm", "konver", "conver", "funnel", "lead", "target", "målgruppe",
	"målgrupp", "profil", "signal", "stage", "kampanj", "campaign", "user", "bruker", "användare", "data",
}

// What she reads is a sentence, short enough to be read, in words of her own, without figures.
func TestSentences(t *testing.T) {
	check := func(what string, text veiviser.Text, ends bool) {
		for _, l := range spoken {
			s := text[l]
			if s == "" {
				t.Errorf("%s has no text in %s", what, l)
				continue
			}
			if ends != strings.HasSuffix(s, ".") || strings.TrimSpace(s) != s {
				t.Errorf("%s in %s does not end as it should: %q", what, l, s)
			}
			if utf8.RuneCountInString(s) > 140 {
				t.Errorf("%s in %s is too long: %q", what, l, s)
			}
			if strings.ContainsAny(s, "0123456789%") {
				t.Errorf("%s in %s has figures: %q", what, l, s)
			}
			for word := range strings.FieldsSeq(strings.ToLower(s)) {
				for _, j := range jargon {
					if strings.HasPrefix(word, j) {
						t.Errorf("%s in %s speaks of %q: %q", what, l, j, s)
					}
				}
			}
		}
	}
	for code, text := range sentences {
		check(string(code), text, true)
	}
	for s, text := range stageSentences {
		check("FITS_STAGE "+string(s), text, true)
	}
	for s, text := range silences {
		check(string(s), text, true)
	}
	for s, text := range answers {
		check(s, text, false) // a full stop is put behind where it stands among sentences
	}
	check("groupSaid", groupSaid, false)
	check("standingUnsure", standingUnsure, true)
}
