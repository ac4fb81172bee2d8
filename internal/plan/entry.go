package plan

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// entry is one item with everything that is prepared once per change of it. It never changes, and successive catalogues
// share it.
type entry struct {
	item     *veiviser.Item
	response rank.Response
	like     rank.Likeness
	// features are the sets it belongs to, shape how its representations look, rule its rule or -1.
	features []int32
	shape    int32
	rule     int32
	// change is what wrote it beside the plan; nil when it is the plan's.
	change *veiviser.CatalogChange
}

// dictionary numbers the features, shapes and rules of a catalogue. Successive catalogues share it until one adds to it.
type dictionary struct {
	features map[feature]int32
	shapes   map[string]int32
	forms    [][]form // by shape
	rules    map[string]int32
	compiled []itemRule // by rule
	// languages and channels are those some representation names.
	languages, channels map[string]bool
}

// itemRule is a rule of items; rule is nil when it does not compile.
type itemRule struct {
	rule    *eligible.Rule
	feature int32
}

// looksAtItem reports whether the verdict may differ between items.
func (r *itemRule) looksAtItem() bool { return r.rule != nil && r.rule.UsesItem() }

// form is one representation as far as choosing between them goes.
type form struct {
	format, language string
	channels         []string
}

// feature is something a request can ask about. What is about a text has it in name.
type feature struct {
	class featureClass
	name  string
}

type featureClass uint8

// The classes of features. Those that begin with "of" restrict: an item without them fits everything.
const (
	isDraft featureClass = iota
	isKind
	hasShape
	isDated
	isSoldOut
	ofAudience
	hasAudience
	ofTopic
	hasTopic   // name covers what lies below it
	belowTopic // some topic is name or lies below it
	ofJourney
	hasJourney
	ofSegment
	hasSegment
	hasRule
	hasAnyTopic
	hasDuty
	isCare
	ofRung
	hasRung
	isAcquiring
	ofProduct
	isTelling // says a price or a claim
	lastStage // of the standard stages it serves, its index
	numClasses
)

// kindMask is a set of kinds.
type kindMask uint8

// anyKind is every kind, the unknown ones too.
const anyKind kindMask = 1<<5 - 1

func maskOf(kinds []veiviser.ItemKind) kindMask {
	m := kindMask(0)
	for _, k := range kinds {
		m |= 1 << kindIndex(k)
	}
	return m
}

// kindIndex is the bit of a kind; kinds the vocabulary does not have share the last.
func kindIndex(k veiviser.ItemKind) int {
	if i := slices.Index(kinds(), k); i >= 0 {
		return i
	}
	return len(kinds())
}

func kinds() []veiviser.ItemKind {
	return []veiviser.ItemKind{veiviser.KindContent, veiviser.KindOffer, veiviser.KindService, veiviser.KindAsk}
}

// clerk makes entries. It copies the dictionary before the first addition, so that catalogues in use are not disturbed.
type clerk struct {
	*dictionary
	owned    bool
	compiler *eligible.Compiler
	model    *rank.Model
	buf      []int32
}

func newDictionary() *dictionary {
	return &dictionary{
		features: map[feature]int32{}, shapes: map[string]int32{}, rules: map[string]int32{},
		languages: map[string]bool{}, channels: map[string]bool{},
	}
}

// own makes the dictionary the clerk's alone.
func (c *clerk) own() {
	if c.owned {
		return
	}
	d := c.dictionary
	c.dictionary = &dictionary{
		features: maps.Clone(d.features), shapes: maps.Clone(d.shapes), forms: slices.Clone(d.forms),
		rules: maps.Clone(d.rules), compiled: slices.Clone(d.compiled),
		languages: maps.Clone(d.languages), channels: maps.Clone(d.channels),
	}
	c.owned = true
}

// add notes a feature of the item at work.
func (c *clerk) add(class featureClass, name string) {
	c.buf = append(c.buf, c.feature(class, name))
}

func (c *clerk) feature(class featureClass, name string) int32 {
	f := feature{class, name}
	i, ok := c.features[f]
	if !ok {
		c.own()
		i = int32(len(c.features))
		f.name = strings.Clone(name) // do not keep an item alive for a word
		c.features[f] = i
	}
	return i
}

// entry prepares an item.
func (c *clerk) entry(it *veiviser.Item, change *veiviser.CatalogChange) *entry {
	e := &entry{item: it, response: c.model.Response(it), like: rank.LikenessOf(it), rule: -1, change: change}
	c.buf = c.buf[:0]
	if it.Status == veiviser.StatusDraft {
		c.add(isDraft, "")
	}
	c.add(isKind, string(rune('0'+kindIndex(it.Kind))))
	e.shape = c.shape(it)
	c.add(hasShape, strconv.Itoa(int(e.shape)))
	if !it.Start.IsZero() || !it.End.IsZero() {
		c.add(isDated, "")
	}
	if !inStock(it) {
		c.add(isSoldOut, "")
	}
	c.restrict(ofAudience, hasAudience, audiences(it))
	c.topics(it.Topics)
	c.restrict(ofJourney, hasJourney, it.Journeys)
	c.restrict(ofSegment, hasSegment, it.Segments)
	c.standingFeatures(it)
	c.tellingFeatures(it)
	if it.Rule != "" {
		e.rule = c.rule(it.Rule)
		c.buf = append(c.buf, c.compiled[e.rule].feature)
	}
	slices.Sort(c.buf)
	e.features = slices.Clone(slices.Compact(c.buf))
	return e
}

// audiences is whom an item is for; empty is everyone.
func audiences(it *veiviser.Item) []string {
	if len(it.Audiences) == 0 && it.Kind == veiviser.KindOffer {
		return []string{veiviser.AudienceCustomer}
	}
	return it.Audiences
}

// restrict adds a feature for each name and one that says that there are any.
func (c *clerk) restrict(of, has featureClass, names []string) {
	for i, name := range names {
		if i == 0 {
			c.add(of, "")
		}
		c.add(has, name)
	}
}

// topics adds what is needed to compare paths both ways, see [clerk] and veiviser.SubjectMatches.
func (c *clerk) topics(topics []string) {
	if len(topics) > 0 && !slices.Contains(topics, "*") {
		c.add(ofTopic, "")
	}
	if len(topics) > 0 {
		c.add(hasAnyTopic, "")
	}
	for _, t := range topics {
		c.add(hasTopic, strings.TrimSuffix(t, "/*"))
		for q := range prefixes(t) {
			c.add(belowTopic, q)
		}
	}
}

// prefixes yields the paths that cover path by its segments, and path itself last.
func prefixes(path string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := range len(path) {
			if path[i] == '/' && !yield(path[:i]) {
				return
			}
		}
		yield(path)
	}
}

// shape numbers the formats, languages and channels of an item's representations; many items have the same.
func (c *clerk) shape(it *veiviser.Item) int32 {
	var b strings.Builder
	for i := range it.Representations {
		r := &it.Representations[i]
		b.WriteString(r.Format + "\x00" + language(r.Language) + "\x00" + strings.Join(r.Channels, "\x01") + "\x02")
	}
	key := b.String()
	if i, ok := c.shapes[key]; ok {
		return i
	}
	c.own()
	i := int32(len(c.forms))
	c.shapes[key] = i
	forms := formsOf(it)
	for k := range forms {
		c.languages[forms[k].language] = true
		for _, ch := range forms[k].channels {
			c.channels[ch] = true
		}
	}
	c.forms = append(c.forms, forms)
	return i
}

// formsOf is how the representations of an item look.
func formsOf(it *veiviser.Item) []form {
	forms := make([]form, len(it.Representations))
	for i := range it.Representations {
		r := &it.Representations[i]
		forms[i] = form{r.Format, language(r.Language), slices.Clone(r.Channels)}
	}
	return forms
}

// language is the subtag of a representation; "" fits every language.
func language(tag string) string { return veiviser.PrimaryLanguage(tag) }

// rule numbers and compiles a rule. One that does not compile is kept without a program: it never has a verdict.
func (c *clerk) rule(source string) int32 {
	if i, ok := c.rules[source]; ok {
		return i
	}
	c.own()
	rule, err := c.compiler.Compile(source)
	if err != nil {
		rule = nil
	}
	i := int32(len(c.compiled))
	c.rules[source] = i
	c.compiled = append(c.compiled, itemRule{rule: rule, feature: c.feature(hasRule, source)})
	return i
}
