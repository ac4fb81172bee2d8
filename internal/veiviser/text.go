package veiviser

import (
	"slices"
	"strings"
)

// Text is one sentence or name in several languages: BCP 47 primary subtag ("nb", "sv", "en") to text.
type Text map[string]string

// In returns the text that fits the language tag best: exact tag, then primary subtag (Norwegian "no" and "nn" read
// "nb"), then English, then the alphabetically first language there is, so that the answer never depends on map order.
func (t Text) In(language string) string {
	for _, l := range [...]string{language, "en"} {
		if s, ok := t.Exactly(l); ok {
			return s
		}
	}
	first := ""
	for l := range t {
		if first == "" || l < first {
			first = l
		}
	}
	return t[first]
}

// Exactly returns the text in a language and no other: exact tag, then primary subtag; false when there is none.
func (t Text) Exactly(language string) (text string, ok bool) {
	if text, ok = t[language]; !ok {
		text, ok = t[PrimaryLanguage(language)]
	}
	return text, ok
}

// PrimaryLanguage reduces a BCP 47 tag to the primary subtag by which texts and representations are kept:
// "nb-NO" → "nb", "no" and "nn" → "nb", "SV" → "sv", "" → "".
func PrimaryLanguage(tag string) string {
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		tag = tag[:i]
	}
	tag = strings.ToLower(tag)
	if tag == "no" || tag == "nn" {
		return "nb"
	}
	return tag
}

// SubjectMatches reports whether subject is pattern itself, lies below it ("bike" covers "bike/ebike"), or pattern is "*".
func SubjectMatches(pattern, subject string) bool {
	if pattern == "*" || pattern == subject {
		return true
	}
	pattern = strings.TrimSuffix(pattern, "/*")
	return len(subject) > len(pattern) && subject[len(pattern)] == '/' && strings.HasPrefix(subject, pattern) ||
		pattern == subject
}

// AnySubjectMatches reports whether one of patterns covers subject; an empty list covers everything.
func AnySubjectMatches(patterns []string, subject string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return SubjectMatches(p, subject) })
}

// TrimSubject is a subject without what is written around it and means nothing: spaces, and the "/" or "/*" of what lies below it.
func TrimSubject(subject string) string {
	for {
		s := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(subject), "/*"), "/")
		if s == subject {
			return s
		}
		subject = s
	}
}

// SubjectAbove is the subject that a subject lies right below: "bike" for "bike/ebike", "" for "bike".
func SubjectAbove(subject string) string {
	return subject[:max(strings.LastIndexByte(subject, '/'), 0)]
}
