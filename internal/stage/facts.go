package stage

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// facts is what a match looks at: one event and what its need remembers. It lives on the stack of Fold.
type facts struct {
	event *veiviser.Event
	time  time.Time // of the event
	page  string
	// subject is what the needs touched are about: the event's, or else that of the need an answer is about.
	subject string
	// origin is the event's own referrer as class word or host.
	origin string

	// seen is where Visitor.Recent has the event's item or subject, -1 for nowhere.
	seen int

	// What follows depends on the need.
	channel     string
	referrer    string // origin, or else that of the need's visit
	ownReferrer bool
	first       bool // the event opens the need
	returning   bool
	sameItem    bool
	repeat      uint32
	depth       uint32
	pause       time.Duration

	// told, when set, is what the event answers.
	told *heard

	// trace, when set, is told every step; shown are the signals of the step at work.
	trace func(Step)
	shown []int32

	classed bool // kind is the class of referrer
	kind    class

	queried bool // words holds the folded query
	length  int
	words   [maxQuery]byte
}

// maxQuery bounds how much of a query is looked at, in bytes.
const maxQuery = veiviser.MaxAttributeBytes

func (f *facts) read(e *veiviser.Event) {
	f.event, f.time, f.subject = e, instant(e.Time), e.Subject
	if f.told != nil && f.subject == "" {
		f.subject = f.told.subject
	}
	if len(e.Attributes) == 0 {
		return
	}
	f.page = pageOf(e.Attributes[veiviser.AttributePage])
	f.origin = hostOf(e.Attributes[veiviser.AttributeReferrer])
}

// instant is t as it is kept: in UTC, without a monotonic clock.
func instant(t time.Time) time.Time { return t.Round(0).UTC() }

// query is the event's query in lower case, its words parted by one space.
func (f *facts) query() []byte {
	if !f.queried {
		f.queried = true
		f.length = len(foldWords(f.words[:0], f.event.Attributes[veiviser.AttributeQuery]))
	}
	return f.words[:f.length]
}

func (f *facts) class() class {
	if !f.classed {
		f.classed, f.kind = true, classOf(f.referrer)
	}
	return f.kind
}

// foldWords appends the words of s to dst in lower case with one space between them. It stops when dst would grow
// beyond maxQuery bytes, so that it does not allocate when dst has that room.
func foldWords(dst []byte, s string) []byte {
	gap := false
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) || r == utf8.RuneError {
			gap = true
			continue
		}
		if len(dst)+1+utf8.UTFMax > maxQuery {
			break
		}
		if gap && len(dst) > 0 {
			dst = append(dst, ' ')
		}
		gap = false
		dst = utf8.AppendRune(dst, unicode.ToLower(r))
	}
	return dst
}

// holdsWords reports whether folded text holds the folded words as whole words in a row.
func holdsWords(text []byte, words string) bool {
	for i := 0; i+len(words) <= len(text); i++ {
		end := i + len(words)
		if (i == 0 || text[i-1] == ' ') && (end == len(text) || text[end] == ' ') && string(text[i:end]) == words {
			return true
		}
	}
	return false
}

// pageOf reduces an address to its path, without query, fragment and trailing slash.
func pageOf(s string) string {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	if i := strings.Index(s, "://"); i >= 0 {
		s = s[i+3:]
		if i = strings.IndexByte(s, '/'); i < 0 {
			return "/"
		}
		s = s[i:]
	}
	if len(s) > 1 && s[len(s)-1] == '/' {
		s = s[:len(s)-1]
	}
	return s
}
