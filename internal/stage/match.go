package stage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// match is a compiled veiviser.Match: cheap conditions first, nothing that allocates.
type match struct {
	types, channels     []string
	pages               []pattern
	anyQuery            bool
	words               []string // folded
	classes             uint16   // bit per class
	hosts               []string // folded
	onlyReferrer        bool     // asks for nothing but the referrer
	sameItem, sameNeed  bool
	returning           bool
	minRepeat           uint32
	minDepth, maxDepth  uint32
	minPause, maxPause  time.Duration
	attributes          []attribute
	hasQuery, hasOrigin bool // words or anyQuery, classes or hosts are set
}

type attribute struct{ key, value string }

func compileMatch(src *veiviser.Match) match {
	m := match{
		types: src.Types, channels: src.Channels, sameItem: src.SameItem, sameNeed: src.SameSubject,
		returning: src.ReturningVisit, minRepeat: src.MinRepeat, minDepth: src.MinDepth, maxDepth: src.MaxDepth,
		minPause: src.MinPause, maxPause: src.MaxPause,
		hasQuery: len(src.QueryWords) > 0, hasOrigin: len(src.Referrers) > 0,
	}
	for _, p := range src.Pages {
		m.pages = append(m.pages, compilePattern(p))
	}
	for _, w := range src.QueryWords {
		if w == "*" {
			m.anyQuery = true
		} else if w = string(foldWords(nil, w)); w != "" {
			m.words = append(m.words, w)
		}
	}
	for _, r := range src.Referrers {
		host := hostOf(r)
		if c := classWord(host); c != unknown {
			m.classes |= 1 << c
		} else if host != "" {
			m.hosts = append(m.hosts, host)
		}
	}
	for _, k := range sortedKeys(src.Attributes) {
		m.attributes = append(m.attributes, attribute{k, src.Attributes[k]})
	}
	bare := len(src.Types)+len(src.Channels)+len(src.Pages)+len(src.QueryWords)+len(src.Attributes) == 0
	m.onlyReferrer = bare && m.hasOrigin && !m.sameItem && !m.sameNeed && !m.returning &&
		m.minRepeat|m.minDepth|m.maxDepth == 0 && m.minPause|m.maxPause == 0
	return m
}

// holds reports whether every condition holds for the event, without looking at its type when typed is true.
func (m *match) holds(f *facts, typed bool) bool {
	if !typed && len(m.types) > 0 && !contains(m.types, f.event.Type) {
		return false
	}
	return m.pastHolds(f) &&
		(len(m.channels) == 0 || contains(m.channels, f.channel)) &&
		(len(m.pages) == 0 || m.pageHolds(f)) &&
		(!m.hasQuery || m.queryHolds(f)) &&
		(!m.hasOrigin || m.originHolds(f)) &&
		m.attributesHold(f)
}

func (m *match) pastHolds(f *facts) bool {
	return (!m.sameItem || f.sameItem) && (!m.sameNeed || !f.first) && (!m.returning || f.returning) &&
		f.repeat >= m.minRepeat && f.depth >= m.minDepth && (m.maxDepth == 0 || f.depth <= m.maxDepth) &&
		(m.minPause == 0 || !f.first && f.pause >= m.minPause) &&
		(m.maxPause == 0 || !f.first && f.pause <= m.maxPause)
}

func (m *match) pageHolds(f *facts) bool {
	if f.page == "" {
		return false
	}
	for i := range m.pages {
		if m.pages[i].covers(f.page) {
			return true
		}
	}
	return false
}

func (m *match) queryHolds(f *facts) bool {
	query := f.query()
	if m.anyQuery {
		return len(query) > 0
	}
	for _, w := range m.words {
		if holdsWords(query, w) {
			return true
		}
	}
	return false
}

func (m *match) originHolds(f *facts) bool {
	if m.onlyReferrer && !f.ownReferrer || f.referrer == "" {
		return false
	}
	if m.classes>>f.class()&1 == 1 {
		return true
	}
	for _, h := range m.hosts {
		if underHost(f.referrer, h) {
			return true
		}
	}
	return false
}

func (m *match) attributesHold(f *facts) bool {
	for i := range m.attributes {
		if v, ok := f.event.Attributes[m.attributes[i].key]; !ok || v != m.attributes[i].value {
			return false
		}
	}
	return true
}

// pattern is a compiled page pattern.
type pattern struct {
	prefix   string   // what the page begins with; the whole page when exact
	exact    bool     // no "*" at the end
	below    bool     // ends in "/*": the page is the prefix or lies below it
	segments []string // set when a whole segment in the middle is "*": the pattern's segments
}

func compilePattern(src string) pattern {
	body, open := strings.CutSuffix(src, "*")
	p := pattern{exact: !open, below: open && strings.HasSuffix(body, "/")}
	if p.below {
		body = strings.TrimSuffix(body, "/")
	} else if p.exact {
		body = pageOf(body)
	}
	p.prefix = body
	if segments := strings.Split(body, "/"); slices.Contains(segments, "*") {
		p.segments = segments
	}
	return p
}

// covers reports whether the page fits. The page has no trailing slash; the root is "/".
func (p *pattern) covers(page string) bool {
	if p.segments != nil {
		return p.coversSegments(page)
	}
	if p.exact {
		return page == p.prefix
	}
	if p.below {
		return p.prefix == "" || page == p.prefix || len(page) > len(p.prefix) && page[len(p.prefix)] == '/' && page[:len(p.prefix)] == p.prefix
	}
	return strings.HasPrefix(page, p.prefix)
}

func (p *pattern) coversSegments(page string) bool {
	rest, more := page, true
	for i, want := range p.segments {
		if !more {
			return false
		}
		var got string
		got, rest, more = strings.Cut(rest, "/")
		last := i == len(p.segments)-1
		switch {
		case want == "*":
			if got == "" {
				return false
			}
		case last && !p.exact && !p.below:
			return strings.HasPrefix(got, want)
		case got != want:
			return false
		}
	}
	return p.below || !more
}

// sortedKeys lists the keys of m in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// contains is slices.Contains for the short lists of strings here.
func contains(list []string, s string) bool { return position(list, s) >= 0 }

func position(list []string, s string) int {
	for i := range list {
		if list[i] == s {
			return i
		}
	}
	return -1
}
