package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// ValidateItem says everything that is wrong with an item by itself; nil when nothing is. Fields are relative to the item
// ("representations[0].format"). What it refers to (segments, journeys) is not looked at.
func ValidateItem(it *veiviser.Item) *veiviser.Error {
	return newItemChecker(nil).item(it)
}

// itemChecker checks items, compiling every rule once.
type itemChecker struct {
	compiler *eligible.Compiler // made when needed
	known    map[string]checkedRule
}

type checkedRule struct {
	rule *eligible.Rule
	err  error
}

func newItemChecker(compiler *eligible.Compiler) *itemChecker {
	return &itemChecker{compiler: compiler, known: map[string]checkedRule{}}
}

// item checks an item by itself.
func (k *itemChecker) item(it *veiviser.Item) *veiviser.Error {
	c := &checker{rules: k}
	c.item("", it)
	if it.Rule != "" {
		_, err := k.compile(it.Rule)
		c.violations = appendViolations(c.violations, "rule", err)
	}
	if len(c.violations) == 0 {
		return nil
	}
	reason := veiviser.ReasonInvalidField
	if c.violations[0].Field == "item_id" {
		reason = veiviser.ReasonMalformedID
	}
	return &veiviser.Error{
		Kind: veiviser.KindInvalid, Reason: reason, Message: c.violations[0].Message, Violations: c.violations,
	}
}

// planItem checks an item of a plan, and what it refers to.
func (c *checker) planItem(at string, i int) {
	it := &c.plan.Items[i]
	c.item(at+".", it)
	if first := c.items.index[it.ID]; it.ID != "" && first != i {
		c.fail(at+".item_id", "the id %q is taken by another item, number %d", it.ID, first+1)
	}
	if _, ok := it.Name[c.language]; len(it.Name) > 0 && !ok && c.language != "" {
		c.fail(at+".name", "the plan's default language %q is missing", c.language)
	}
	c.known(at+".journeys", "journey", it.Journeys, &c.journeys)
	c.known(at+".segments", "segment", it.Segments, &c.segments)
	if it.Rule != "" {
		c.rule(at+".rule", it.Rule, true)
	}
}

// known checks that names lead somewhere.
func (c *checker) known(at, what string, list []string, there *register) {
	for i, name := range list[:min(len(list), maxLooked)] {
		if name != "" && !there.has(name) {
			c.fail(fmt.Sprintf("%s[%d]", at, i), "%s", c.unknown(what, name, there.names))
		}
	}
}

// item checks everything but the rule and what the item refers to.
func (c *checker) item(at string, it *veiviser.Item) {
	if msg := badItemID(it.ID); msg != "" {
		c.fail(at+"item_id", "%s", msg)
	}
	if it.Kind == "" {
		c.fail(at+"kind", "say what it is: content, offer, service or ask")
	}
	c.word(at+"kind", "kind", string(it.Kind), kindNames())
	c.atMost(at+"name", len(it.Name), 16, "languages")
	for _, l := range sortedKeys(it.Name) {
		field := fmt.Sprintf("%sname[%q]", at, l)
		if msg := badLanguage(l); msg != "" {
			c.fail(field, "%s", msg)
		}
		c.atMost(field, len(it.Name[l]), 200, "bytes")
	}
	c.word(at+"status", "status", string(it.Status), []string{string(veiviser.StatusLive), string(veiviser.StatusDraft)})
	c.atMost(at+"topics", len(it.Topics), 16, "topics")
	c.names(at+"topics", "topic", it.Topics, 128)
	c.words(at+"stages", "standard stage", names(it.Stages), stageNames())
	c.atMost(at+"journeys", len(it.Journeys), 16, "journeys")
	c.names(at+"journeys", "journey", it.Journeys, veiviser.MaxNameBytes)
	c.words(at+"audiences", "audience", it.Audiences, audienceNames())
	c.atMost(at+"segments", len(it.Segments), 16, "segments")
	c.names(at+"segments", "segment", it.Segments, veiviser.MaxNameBytes)
	c.terms(at, it)
	c.said(at, it)
	c.answers(at, it)
	c.facts(at+"claims", it.Claims, 16, 200)
	c.facts(at+"attributes", it.Attributes, veiviser.MaxAttributes, veiviser.MaxAttributeBytes)
	if n := len(it.Representations); n < 1 || n > 48 {
		c.fail(at+"representations", "an item has 1–48 representations, one per format and language; this one has %d", n)
	}
	for i := range it.Representations[:min(len(it.Representations), maxLooked)] {
		c.representation(fmt.Sprintf("%srepresentations[%d]", at, i), it, i)
	}
}

func names[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

// terms checks dates, stock and numbers.
func (c *checker) terms(at string, it *veiviser.Item) {
	if !it.Start.IsZero() && !it.End.IsZero() && !it.Start.Before(it.End) {
		c.fail(at+"end_time", "must be after start_time")
	}
	if it.Stock != nil && *it.Stock < 0 {
		c.fail(at+"stock", "must not be negative, is %d", *it.Stock)
	}
	if math.IsNaN(it.Value) || math.IsInf(it.Value, 0) {
		c.fail(at+"value", "must be a number, is %v", it.Value)
	}
	c.weight(at+"cost", it.Cost)
	c.within(at+"boost", it.Boost, -1, 1)
	if it.Price != nil {
		if cur := it.Price.Currency; len(cur) != 3 || slices.ContainsFunc([]byte(cur), func(b byte) bool { return b < 'A' || b > 'Z' }) {
			c.fail(at+"price.currency_code", "%q is no ISO 4217 code, which is three capital letters", cur)
		}
		if it.Price.Micros < 0 {
			c.fail(at+"price", "must not be negative")
		}
	}
}

// facts checks a map of words.
func (c *checker) facts(at string, m map[string]string, pairs, limit int) {
	c.atMost(at, len(m), pairs, "entries")
	for _, key := range sortedKeys(m) {
		field := fmt.Sprintf("%s[%q]", at, key)
		if key == "" {
			c.fail(field, "the key is empty")
		}
		c.atMost(field, len(key), veiviser.MaxNameBytes, "bytes of the key")
		c.atMost(field, len(m[key]), limit, "bytes")
	}
}

func (c *checker) representation(at string, it *veiviser.Item, i int) {
	r := &it.Representations[i]
	if r.Format == "" {
		c.fail(at+".format", "say the format, such as \"card\"")
	}
	c.atMost(at+".format", len(r.Format), veiviser.MaxNameBytes, "bytes")
	c.atMost(at+".language", len(r.Language), 35, "bytes")
	c.atMost(at+".channels", len(r.Channels), 8, "channels")
	c.names(at+".channels", "channel", r.Channels, veiviser.MaxNameBytes)
	c.atMost(at+".title", len(r.Title), 200, "bytes")
	c.atMost(at+".body", len(r.Body), 4096, "bytes")
	c.atMost(at+".url", len(r.URL), 2048, "bytes")
	c.atMost(at+".image_url", len(r.ImageURL), 2048, "bytes")
	c.facts(at+".attributes", r.Attributes, veiviser.MaxAttributes, veiviser.MaxAttributeBytes)
	for k := range it.Representations[:i] {
		o := &it.Representations[k]
		if o.Format == r.Format && language(o.Language) == language(r.Language) && meet(o.Channels, r.Channels) {
			c.fail(at, "there is another representation in format %q and language %q for the same channel, number %d",
				r.Format, cmp.Or(r.Language, "any"), k+1)
			break
		}
	}
}

// meet reports whether two lists of channels share one; an empty list is all channels.
func meet(a, b []string) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
