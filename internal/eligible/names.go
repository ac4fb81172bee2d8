package eligible

import (
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Bounds on what a rule sees. They are the size hints of the static cost estimate, and reading a fact holds to them,
// so that the estimate is true of every input.
const (
	// MaxString is how many bytes of a string a rule sees; the rest is cut off at a rune border.
	MaxString = 512
	// MaxEntries is how many elements of a list, or entries of a map in the order of the keys, a rule sees.
	MaxEntries = 64
	// UnlimitedStock is what item.stock reads for an item whose stock is not limited.
	UnlimitedStock = 1_000_000_000_000
	// Never is what visitor.since gives for what never happened: a hundred years of 365 days.
	Never = 100 * 365 * 24 * time.Hour
)

// name is one name a rule may use: how it is typed and where it is read.
type name struct {
	id   string // "visitor.visits"
	typ  *cel.Type
	read func(a *activation) ref.Val
}

// nowName is the one name without a root.
const nowName = "now"

// roots are the words that need a dot and a field behind them.
func roots() []string { return []string{"visitor", "visit", "need", "item"} }

// names is the whole vocabulary of rules beside the functions; the package doc holds the same table for readers.
func names() []name {
	return slices.Concat(visitorNames(), visitNames(), needNames(), itemNames(),
		[]name{{nowName, cel.TimestampType, func(a *activation) ref.Val { return timestamp(a.now) }}})
}

func visitorNames() []name {
	return []name{
		{"visitor.known", cel.BoolType, func(a *activation) ref.Val { return types.Bool(a.visitor.Events > 0) }},
		{"visitor.visits", cel.IntType, func(a *activation) ref.Val { return types.Int(a.visitor.Visits) }},
		{"visitor.events", cel.IntType, func(a *activation) ref.Val { return types.Int(a.visitor.Events) }},
		{"visitor.value", cel.DoubleType, func(a *activation) ref.Val { return types.Double(a.visitor.Value) }},
		{"visitor.first_seen", cel.TimestampType, func(a *activation) ref.Val { return timestamp(a.visitor.FirstSeen) }},
		{"visitor.last_seen", cel.TimestampType, func(a *activation) ref.Val { return timestamp(a.visitor.LastSeen) }},
		{"visitor.attributes", textMap(), func(a *activation) ref.Val { return newAttributes(a.visitor.Attributes) }},
		{"visitor.counts", countMap(), func(a *activation) ref.Val { return newCounts(a.visitor.Counts) }},
		{"visitor.linked", cel.IntType, func(a *activation) ref.Val { return types.Int(len(a.visitor.LinkedIDs)) }},
		{"visitor.phase", cel.StringType, func(a *activation) ref.Val {
			return types.String(a.visitor.Standing.Relation.Phase())
		}},
		{"visitor.source", cel.StringType, func(a *activation) ref.Val { return either(a.visitor.Standing.Relation.Source, a.source) }},
		{"visitor.rung", cel.StringType, func(a *activation) ref.Val { return text(a.visitor.Standing.Relation.Rung) }},
		{"visitor.tier", cel.StringType, tier},
		{"visitor.open_cases", cel.IntType, func(a *activation) ref.Val {
			return types.Int(a.visitor.Standing.OpenCases(a.now))
		}},
		{"visitor.account", cel.StringType, func(a *activation) ref.Val { return text(a.visitor.Standing.Account) }},
		{"visitor.role", cel.StringType, func(a *activation) ref.Val { return text(a.visitor.Standing.Role) }},
	}
}

// tier is the highest tier that the value of her purchases reaches.
func tier(a *activation) ref.Val {
	r := veiviser.Relationship{Tiers: a.tiers}
	return text(r.Tier(a.visitor.Value))
}

func visitNames() []name {
	events := func(a *activation) ref.Val { return types.Int(a.visitor.Visit.Events) }
	return []name{
		{"visit.start", cel.TimestampType, func(a *activation) ref.Val { return timestamp(a.visitor.Visit.Start) }},
		{"visit.events", cel.IntType, events},
		{"visit.depth", cel.IntType, events},
		{"visit.channel", cel.StringType, func(a *activation) ref.Val { return either(a.context.Channel, a.visitor.Visit.Channel) }},
		{"visit.device", cel.StringType, func(a *activation) ref.Val { return either(a.context.Device, a.visitor.Visit.Device) }},
		{"visit.locale", cel.StringType, func(a *activation) ref.Val { return either(a.context.Language, a.visitor.Visit.Language) }},
		{"visit.language", cel.StringType, func(a *activation) ref.Val {
			return either(veiviser.PrimaryLanguage(a.context.Language), veiviser.PrimaryLanguage(a.visitor.Visit.Language))
		}},
		{"visit.referrer", cel.StringType, func(a *activation) ref.Val { return either(a.context.Referrer, a.visitor.Visit.Referrer) }},
		{"visit.page", cel.StringType, func(a *activation) ref.Val { return either(a.context.Page, a.visitor.Visit.Page) }},
		{"visit.query", cel.StringType, func(a *activation) ref.Val { return either(a.context.Query, a.visitor.Visit.Query) }},
		{"visit.subject", cel.StringType, func(a *activation) ref.Val { return text(a.context.Subject) }},
		{"visit.attributes", textMap(), func(a *activation) ref.Val { return newAttributes(a.context.Attributes) }},
	}
}

func needNames() []name {
	return []name{
		{"need.journey", cel.StringType, func(a *activation) ref.Val { return text(a.need.Journey) }},
		{"need.subject", cel.StringType, func(a *activation) ref.Val { return text(a.need.Subject) }},
		{"need.stage", cel.StringType, func(a *activation) ref.Val { return text(a.need.Stage) }},
		{"need.standard", cel.StringType, func(a *activation) ref.Val { return text(string(a.need.Standard)) }},
		{"need.audience", cel.StringType, func(a *activation) ref.Val { return text(a.need.Audience) }},
		{"need.unsure", cel.BoolType, func(a *activation) ref.Val { return types.Bool(a.need.Stage == "") }},
		{"need.new", cel.BoolType, func(a *activation) ref.Val { return types.Bool(a.need.New) }},
		{"need.events", cel.IntType, func(a *activation) ref.Val { return types.Int(a.need.Events) }},
		{"need.started", cel.TimestampType, func(a *activation) ref.Val { return timestamp(a.need.Started) }},
		{"need.account", cel.BoolType, func(a *activation) ref.Val { return types.Bool(a.need.Account) }},
		{"need.updated", cel.TimestampType, func(a *activation) ref.Val { return timestamp(a.need.Updated) }},
	}
}

func itemNames() []name {
	return []name{
		{"item.id", cel.StringType, func(a *activation) ref.Val { return text(a.item.ID) }},
		{"item.kind", cel.StringType, func(a *activation) ref.Val { return text(string(a.item.Kind)) }},
		{"item.topics", cel.ListType(cel.StringType), topics},
		{"item.stages", cel.ListType(cel.StringType), stages},
		{"item.value", cel.DoubleType, func(a *activation) ref.Val { return types.Double(a.item.Value) }},
		{"item.cost", cel.DoubleType, func(a *activation) ref.Val { return types.Double(a.item.Cost) }},
		{"item.boost", cel.DoubleType, func(a *activation) ref.Val { return types.Double(a.item.Boost) }},
		{"item.price", cel.DoubleType, price},
		{"item.currency", cel.StringType, func(a *activation) ref.Val {
			if a.item.Price == nil {
				return types.String("")
			}
			return text(a.item.Price.Currency)
		}},
		{"item.stock", cel.IntType, stock},
		{"item.claims", textMap(), func(a *activation) ref.Val { return newAttributes(a.item.Claims) }},
		{"item.attributes", textMap(), func(a *activation) ref.Val { return newAttributes(a.item.Attributes) }},
	}
}

func textMap() *cel.Type  { return cel.MapType(cel.StringType, cel.StringType) }
func countMap() *cel.Type { return cel.MapType(cel.StringType, cel.IntType) }

// topics and stages are made once per evaluation, since a loop may read them many times.
func topics(a *activation) ref.Val {
	if a.topics == nil {
		a.topics = newList(a.item.Topics)
	}
	return a.topics
}

func stages(a *activation) ref.Val {
	if a.stages == nil {
		list := make([]string, len(a.item.Stages))
		for i, s := range a.item.Stages {
			list[i] = string(s)
		}
		a.stages = newList(list)
	}
	return a.stages
}

func price(a *activation) ref.Val {
	if a.item.Price == nil {
		return types.Double(0)
	}
	return types.Double(float64(a.item.Price.Micros) / 1e6)
}

func stock(a *activation) ref.Val {
	switch {
	case !a.hasItem:
		return types.IntZero
	case a.item.Stock == nil:
		return types.Int(UnlimitedStock)
	default:
		return types.Int(*a.item.Stock)
	}
}

// either is the first of the two that is set.
func either(first, second string) ref.Val {
	if first == "" {
		first = second
	}
	return text(first)
}

// text is s as a rule sees it: at most MaxString bytes.
func text(s string) ref.Val { return types.String(clip(s)) }

// clip cuts s to MaxString bytes at a rune border.
func clip(s string) string { return clipTo(s, MaxString) }

func clipTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// timestamp is t as a rule sees it; the zero time and what CEL cannot hold read as 1970, from which one can subtract.
func timestamp(t time.Time) ref.Val {
	if y := t.Year(); t.IsZero() || y < 1 || y > 9999 {
		t = time.Unix(0, 0)
	}
	return types.Timestamp{Time: t.UTC()}
}

// count is n as a rule sees it.
func count(n uint64) ref.Val { return types.Int(min(n, math.MaxInt64)) }
