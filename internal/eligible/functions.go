package eligible

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// The functions of our own. Those with a dot read as methods of a root but take no receiver: they look into the facts.
const (
	fnCount      = "visitor.count"
	fnVisitCount = "visit.count"
	fnSince      = "visitor.since"
	fnMet        = "visitor.met"
	fnP          = "need.p"
	fnGet        = "get"
)

// ownFunctions declares them. All but get are bound at evaluation, see activation.ResolveFunction.
func ownFunctions() []cel.EnvOption {
	late := func(fn string, result *cel.Type) cel.EnvOption {
		return cel.Function(fn, cel.Overload(overloadOf(fn), []*cel.Type{cel.StringType}, result, cel.LateFunctionBinding()))
	}
	return []cel.EnvOption{
		late(fnCount, cel.IntType),
		late(fnVisitCount, cel.IntType),
		late(fnMet, cel.IntType),
		late(fnSince, cel.DurationType),
		late(fnP, cel.DoubleType),
		// Without its guard, which would sort all keys at every call to look at the type of the first; get looks itself.
		cel.Function(fnGet, decls.DisableTypeGuards(true), cel.MemberOverload(overloadOf(fnGet), []*cel.Type{textMap(), cel.StringType}, cel.StringType,
			cel.BinaryBinding(get))),
	}
}

func overloadOf(fn string) string { return "veiviser_" + strings.ReplaceAll(fn, ".", "_") }

// get is the value of a key, "" when there is none.
func get(m, key ref.Val) ref.Val {
	d, ok := m.(dictionary)
	if !ok {
		return types.MaybeNoSuchOverloadErr(m)
	}
	if v, found := d.Find(key); found {
		return v
	}
	return types.String("")
}

// bind makes the functions that look into the facts of a.
func (a *activation) bind() {
	a.functions = map[string]functions.LateBoundOp{
		fnCount: a.count, fnVisitCount: a.visitCount, fnSince: a.since, fnMet: a.met, fnP: a.p,
	}
}

// ResolveFunction gives cel-go the functions that look into the facts.
func (a *activation) ResolveFunction(name string) (functions.LateBoundOp, bool) {
	f, ok := a.functions[name]
	return f, ok
}

func (a *activation) count(_ string, args ...ref.Val) ref.Val {
	if t := find(a.visitor.Counts, argument(args)); t != nil {
		return count(uint64(t.Count))
	}
	return types.IntZero
}

func (a *activation) visitCount(_ string, args ...ref.Val) ref.Val {
	if t := find(a.visitor.Counts, argument(args)); t != nil {
		return count(uint64(t.InVisit))
	}
	return types.IntZero
}

// since is how long ago the event type happened last: not less than 0, Never when it did not.
func (a *activation) since(_ string, args ...ref.Val) ref.Val {
	t := find(a.visitor.Counts, argument(args))
	if t == nil || t.Last.IsZero() {
		return types.Duration{Duration: Never}
	}
	return types.Duration{Duration: min(max(a.now.Sub(t.Last), 0), Never)}
}

// met is how often she met an item, or a subject, lately.
func (a *activation) met(_ string, args ...ref.Val) ref.Val {
	id, n := argument(args), uint64(0)
	recent := a.visitor.Recent[:min(len(a.visitor.Recent), MaxEntries)]
	for i := range recent {
		if s := &recent[i]; id != "" && (s.ItemID == id || s.Subject == id) {
			n += uint64(s.Count)
		}
	}
	return count(n)
}

// p is the probability of a standard stage or, when the name is none of these, of the journey's own stage.
func (a *activation) p(_ string, args ...ref.Val) ref.Val {
	stage := argument(args)
	if i := veiviser.StandardStage(stage).Index(); i >= 0 {
		return types.Double(a.need.ByStandard[i])
	}
	for i, s := range a.need.Stages[:min(len(a.need.Stages), len(a.need.P), MaxEntries)] {
		if s == stage {
			return types.Double(a.need.P[i])
		}
	}
	return types.Double(0)
}

// argument is the only argument, which the type check has made a string.
func argument(args []ref.Val) string {
	s, _ := args[0].(types.String)
	return string(s)
}

// clock is a part of a time in some time zone.
type clock struct {
	fn, overload string
	of           func(t time.Time) int
}

// clocks are CEL's accessors of a timestamp. The months and the two days that CEL counts from 0 do so here, too.
func clocks() []clock {
	return []clock{
		{overloads.TimeGetFullYear, overloads.TimestampToYearWithTz, time.Time.Year},
		{overloads.TimeGetMonth, overloads.TimestampToMonthWithTz, func(t time.Time) int { return int(t.Month()) - 1 }},
		{overloads.TimeGetDayOfYear, overloads.TimestampToDayOfYearWithTz, func(t time.Time) int { return t.YearDay() - 1 }},
		{overloads.TimeGetDayOfMonth, overloads.TimestampToDayOfMonthZeroBasedWithTz, func(t time.Time) int { return t.Day() - 1 }},
		{overloads.TimeGetDate, overloads.TimestampToDayOfMonthOneBasedWithTz, time.Time.Day},
		{overloads.TimeGetDayOfWeek, overloads.TimestampToDayOfWeekWithTz, func(t time.Time) int { return int(t.Weekday()) }},
		{overloads.TimeGetHours, overloads.TimestampToHoursWithTz, time.Time.Hour},
		{overloads.TimeGetMinutes, overloads.TimestampToMinutesWithTz, time.Time.Minute},
		{overloads.TimeGetSeconds, overloads.TimestampToSecondsWithTz, time.Time.Second},
		{overloads.TimeGetMilliseconds, overloads.TimestampToMillisecondsWithTz, func(t time.Time) int { return t.Nanosecond() / 1e6 }},
	}
}

// zones are the time zones that rules have named. CEL's own accessors read the zone from disk at every call; here it
// is looked up when the rule is compiled, and an evaluation does no input or output.
type zones struct{ byName sync.Map }

// load makes the zone known: an IANA name ("Europe/Oslo", "UTC") or an offset ("+02:00").
func (z *zones) load(name string) error {
	loc, err := location(name)
	if err != nil {
		return err
	}
	z.byName.Store(name, loc)
	return nil
}

func location(name string) (*time.Location, error) {
	if !strings.Contains(name, ":") {
		if name == "" || name == "Local" {
			return nil, fmt.Errorf("unknown time zone %q", name)
		}
		loc, err := time.LoadLocation(name)
		if err != nil {
			return nil, fmt.Errorf("unknown time zone %q", name)
		}
		return loc, nil
	}
	sign, digits := 1, strings.TrimPrefix(name, "+")
	if rest, minus := strings.CutPrefix(name, "-"); minus {
		sign, digits = -1, rest
	}
	h, m, _ := strings.Cut(digits, ":")
	hours, err1 := strconv.ParseUint(h, 10, 8)
	minutes, err2 := strconv.ParseUint(m, 10, 8)
	if err1 != nil || err2 != nil || hours > 23 || minutes > 59 {
		return nil, fmt.Errorf("unknown time zone %q", name)
	}
	return time.FixedZone("", sign*int(hours*3600+minutes*60)), nil
}

// accessors declares the accessors that take a time zone.
func (z *zones) accessors() []cel.EnvOption {
	var out []cel.EnvOption
	for _, c := range clocks() {
		bind := func(t, zone ref.Val) ref.Val {
			at, ok := t.(types.Timestamp)
			if !ok {
				return types.MaybeNoSuchOverloadErr(t)
			}
			stored, _ := z.byName.Load(zone.Value())
			loc, known := stored.(*time.Location)
			if !known {
				return types.NewErr("unknown time zone")
			}
			return types.Int(c.of(at.In(loc)))
		}
		out = append(out, cel.Function(c.fn, cel.MemberOverload(c.overload,
			[]*cel.Type{cel.TimestampType, cel.StringType}, cel.IntType, cel.BinaryBinding(bind))))
	}
	return out
}
