package plan

import (
	"slices"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// viewKey names how a placement looks to a request. Channels and languages that no representation names are "other", so
// that there are no more views than combinations of what the catalogue holds.
type viewKey struct {
	placement         *Placement
	channel, language string
}

// other stands for every channel or language that no representation names.
const other = "\x00"

// view is what a placement can show in one channel and language.
type view struct {
	// choice is the index of the best representation, by shape; -1 when none fits.
	choice []int16
	// fits are the slots that have one.
	fits bitmap
}

// viewOf gives the view of a placement, made on first use.
func (c *Catalog) viewOf(key viewKey) *view {
	c.mu.RLock()
	v := c.views[key]
	c.mu.RUnlock()
	if v != nil {
		return v
	}
	v = &view{choice: make([]int16, len(c.words.forms)), fits: make(bitmap, words(len(c.entries)))}
	for shape, forms := range c.words.forms {
		v.choice[shape] = int16(choose(forms, key, c.language))
		if v.choice[shape] >= 0 {
			c.set(hasShape, strconv.Itoa(shape)).addTo(v.fits)
		}
	}
	c.mu.Lock()
	c.views[key] = v
	c.mu.Unlock()
	return v
}

// viewKey reduces a channel and a language to what the catalogue knows.
func (c *Catalog) viewKey(p *Placement, channel, tag string) viewKey {
	key := viewKey{placement: p, channel: channel, language: language(tag)}
	if channel == "" {
		key.channel = p.Channel
	}
	if tag == "" {
		key.language = c.language
	}
	if !c.words.channels[key.channel] {
		key.channel = other
	}
	if !c.words.languages[key.language] {
		key.language = other
	}
	return key
}

// choose picks the representation for a placement: of the first format that has one in the language asked for or in
// none (the former before the latter); when no format has, of the first that has one in the default language. It is -1
// when nothing fits the channel.
func choose(forms []form, key viewKey, fallback string) int {
	for _, language := range [...]string{key.language, fallback} {
		for _, format := range key.placement.Formats {
			neutral := -1
			for i := range forms {
				f := &forms[i]
				if f.format != format || len(f.channels) > 0 && !slices.Contains(f.channels, key.channel) {
					continue
				}
				if f.language == language && f.language != "" {
					return i
				}
				if f.language == "" && neutral < 0 {
					neutral = i
				}
			}
			if neutral >= 0 {
				return neutral
			}
		}
	}
	return -1
}

// Representation is the index of the representation of an item that fits a placement best in its channel and a
// language, -1 when none does. The asked language and representations without language go before the plan's default
// language; within these the placement's first format that has one, and there the asked language before none.
func (c *Catalog) Representation(slot int32, p *Placement, language string) int {
	return int(c.viewOf(c.viewKey(p, "", language)).choice[c.entries[slot].shape])
}

// Showable finds an item that a placement declares as its fallback: whether it may be shown although it is not about
// what was asked for. It looks at everything that [Catalog.Eligible] does except subject, journey and an unsure stage.
func (c *Catalog) Showable(id string, q *Query) (slot int32, representation int, ok bool) {
	slot, ok = c.Slot(id)
	if !ok || slices.Contains(q.Taken, slot) || slices.Contains(q.Excluded, id) ||
		len(q.Candidates) > 0 && !slices.Contains(q.Candidates, id) {
		return slot, -1, false
	}
	e := c.entries[slot]
	representation = int(c.viewOf(c.viewKey(q.Placement, q.Channel, q.Language)).choice[e.shape])
	ok = representation >= 0 && q.allows(e.item) && c.ruleAllows(e, q)
	return slot, representation, ok
}

// Available reports whether an item may be shown at all to somebody: whether it is live, within its dates, in stock, for her segments,
// allowed by its rule, and not kept away by the bars of the query. It does not look at placements.
func (c *Catalog) Available(id string, q *Query) bool {
	slot, ok := c.Slot(id)
	if !ok {
		return false
	}
	e := c.entries[slot]
	return q.live(e.item) && inStock(e.item) && q.segment(e.item) && !q.kept(e.item) && c.ruleAllows(e, q)
}

// allows looks at what does not need the catalogue.
func (q *Query) allows(it *veiviser.Item) bool {
	return q.allowsAnybody(it) && inStock(it) && q.segment(it)
}

// segment reports whether an item is for her segments.
func (q *Query) segment(it *veiviser.Item) bool {
	return len(it.Segments) == 0 || slices.ContainsFunc(it.Segments, func(s string) bool { return slices.Contains(q.Segments, s) })
}

// live reports whether an item is to be shown now.
func (q *Query) live(it *veiviser.Item) bool {
	return it.Status != veiviser.StatusDraft && onDate(it, q.Now)
}

// inStock reports whether there is any left of an item.
func inStock(it *veiviser.Item) bool { return it.Stock == nil || *it.Stock > 0 }

// allowsAnybody looks at the same, whatever is in stock and whatever segments she is in.
func (q *Query) allowsAnybody(it *veiviser.Item) bool {
	to := audiences(it)
	return q.live(it) && q.Placement.kinds&(1<<kindIndex(it.Kind)) != 0 && (len(to) == 0 || slices.Contains(to, q.audience())) &&
		q.Standing.fits(it) && !q.kept(it)
}

// ruleAllows evaluates the rule of an item.
func (c *Catalog) ruleAllows(e *entry, q *Query) bool {
	if e.rule < 0 {
		return true
	}
	r := c.words.compiled[e.rule].rule
	if r == nil {
		return false
	}
	f := q.facts()
	f.Item = e.item
	ok, err := r.Eval(&f)
	return ok && err == nil
}

func (q *Query) audience() string {
	if q.Audience == "" {
		return veiviser.AudienceCustomer
	}
	return q.Audience
}

// funnelKey is a question without what differs from visitor to visitor.
type funnelKey struct {
	view                       viewKey
	audience, subject, journey string
	unsure                     bool
}

// funnel is the answer to such a question; it holds until a date passes.
type funnel struct {
	at     *window
	left   bitmap
	counts [numReasons]int32
}

// funnelBytes bounds what the kept funnels of one catalogue take.
const funnelBytes = 8 << 20

// funnelFor finds a kept funnel.
func (c *Catalog) funnelFor(key *funnelKey, now time.Time) *funnel {
	c.mu.RLock()
	f := c.funnels[*key]
	c.mu.RUnlock()
	if f != nil && f.at.holds(now) {
		return f
	}
	return nil
}

// keep remembers a funnel, forgetting all others when there are too many.
func (c *Catalog) keep(key *funnelKey, f *funnel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.funnels) >= max(64, min(4096, funnelBytes/(8*len(f.left)+1))) {
		clear(c.funnels)
	}
	c.funnels[*key] = f
}
