package api

import (
	"errors"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func planVersionToProto(v *veiviser.PlanVersion) *veiviserv1.PlanVersion {
	return &veiviserv1.PlanVersion{
		Version: versionToProto(v.Version), Name: v.Plan.Name, PublishTime: timeToProto(v.Published),
		Author: v.Author, Note: v.Note, Changes: planChangesToProto(v.Changes), Active: v.Active,
	}
}

func planChangesToProto(changes []veiviser.PlanChange) []*veiviserv1.PlanChange {
	out := make([]*veiviserv1.PlanChange, len(changes))
	for i, c := range changes {
		kind := veiviserv1.PlanChangeKind_value["PLAN_CHANGE_KIND_"+strings.ToUpper(c.Op)]
		out[i] = &veiviserv1.PlanChange{Path: c.Path, Kind: veiviserv1.PlanChangeKind(kind), Before: c.Before, After: c.After}
	}
	return out
}

// planViolationsToProto lists what is wrong; of the broken limits only those of fields that no rule of plans names yet.
func planViolationsToProto(rules, limits []veiviser.Violation) []*veiviserv1.PlanViolation {
	out := make([]*veiviserv1.PlanViolation, 0, len(rules)+len(limits))
	named := make(map[string]bool, len(rules))
	for _, v := range rules {
		named[v.Field] = true
		out = append(out, &veiviserv1.PlanViolation{Field: v.Field, Message: v.Message})
	}
	for _, v := range limits {
		if !named[v.Field] {
			out = append(out, &veiviserv1.PlanViolation{Field: v.Field, Message: v.Message})
		}
	}
	return out
}

// inPlan says where in the request the violations of a plan lie: what plan calls "journeys[0]" is "plan.journeys[0]".
func inPlan(err error) error {
	e, ok := errors.AsType[*veiviser.Error](err)
	if !ok || e.Reason != veiviser.ReasonInvalidPlan {
		return err
	}
	c := *e
	c.Violations = make([]veiviser.Violation, len(e.Violations))
	for i, v := range e.Violations {
		if v.Field != "" && v.Field != "plan" && !strings.HasPrefix(v.Field, "plan.") {
			v.Field = "plan." + v.Field
		}
		c.Violations[i] = v
	}
	return &c
}
