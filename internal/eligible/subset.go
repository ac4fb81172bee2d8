package eligible

import (
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
)

// subset is the part of CEL's standard library that rules have: no dyn and no type, which would get around the type
// check; no bytes; and the accessors of a timestamp only as far as they take no time zone, since ours replace the rest.
func subset() *env.LibrarySubset {
	lib := env.NewLibrarySubset()
	for _, fn := range []string{
		operators.Conditional, operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.NotStrictlyFalse,
		operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater,
		operators.GreaterEquals, operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo,
		operators.Negate, operators.Index, operators.In,
		overloads.Size, overloads.Contains, overloads.StartsWith, overloads.EndsWith, overloads.Matches,
		overloads.TypeConvertBool, overloads.TypeConvertInt, overloads.TypeConvertDouble, overloads.TypeConvertString,
		overloads.TypeConvertTimestamp, overloads.TypeConvertDuration,
	} {
		lib.IncludeFunctions = append(lib.IncludeFunctions, &env.Function{Name: fn})
	}
	for fn, ids := range map[string][]string{
		overloads.TimeGetFullYear:     {overloads.TimestampToYear},
		overloads.TimeGetMonth:        {overloads.TimestampToMonth},
		overloads.TimeGetDayOfYear:    {overloads.TimestampToDayOfYear},
		overloads.TimeGetDayOfMonth:   {overloads.TimestampToDayOfMonthZeroBased},
		overloads.TimeGetDate:         {overloads.TimestampToDayOfMonthOneBased},
		overloads.TimeGetDayOfWeek:    {overloads.TimestampToDayOfWeek},
		overloads.TimeGetHours:        {overloads.TimestampToHours, overloads.DurationToHours},
		overloads.TimeGetMinutes:      {overloads.TimestampToMinutes, overloads.DurationToMinutes},
		overloads.TimeGetSeconds:      {overloads.TimestampToSeconds, overloads.DurationToSeconds},
		overloads.TimeGetMilliseconds: {overloads.TimestampToMilliseconds, overloads.DurationToMilliseconds},
	} {
		f := &env.Function{Name: fn}
		for _, id := range ids {
			f.Overloads = append(f.Overloads, &env.Overload{ID: id})
		}
		lib.IncludeFunctions = append(lib.IncludeFunctions, f)
	}
	return lib
}
