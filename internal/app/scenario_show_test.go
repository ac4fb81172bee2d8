package app_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// show writes an answer so that a person can say whether it is right: what differs from run to run (ids of decisions,
// etags, the clock) is left out, moments are offsets, probabilities have two digits. flags ask for more.
func show(m proto.Message, flags flags) string {
	p := &printer{flags: flags}
	switch m := m.(type) {
	case *veiviserv1.RecommendResponse:
		p.answer(m)
	case *veiviserv1.WatchRecommendationsResponse:
		p.answer(m.GetAnswer())
	case *veiviserv1.RecordEventsResponse:
		p.results(m.GetResults())
	case *veiviserv1.GetVisitorResponse:
		p.visitor(m.GetVisitor())
	case *veiviserv1.LinkVisitorsResponse: // needs and segments as of today, long after: see the step visitor
		p.visitor(&veiviserv1.Visitor{
			VisitorId: m.GetVisitor().GetVisitorId(), LinkedVisitorIds: m.GetVisitor().GetLinkedVisitorIds(),
			Visits: m.GetVisitor().GetVisits(), Events: m.GetVisitor().GetEvents(), Value: m.GetVisitor().GetValue(),
			FirstSeenTime: m.GetVisitor().GetFirstSeenTime(), LastSeenTime: m.GetVisitor().GetLastSeenTime(),
		})
	case *veiviserv1.GetAccountResponse:
		p.account(m)
	case *veiviserv1.ExportVisitorResponse:
		p.visitor(m.GetVisitor())
		p.exported(m.GetDecisions())
	case *veiviserv1.EraseVisitorResponse:
		p.line("found %v", m.GetFound())
	case *veiviserv1.ExplainDecisionResponse:
		p.explanation(m.GetExplanation())
	case *veiviserv1.UpsertItemsResponse:
		p.written(m.GetResults())
	case *veiviserv1.GetItemResponse:
		p.item(m.GetItem())
	case *veiviserv1.ListItemsResponse:
		p.items(m)
	case *veiviserv1.GetPlanResponse:
		p.plan(m)
	case *veiviserv1.ValidatePlanResponse:
		p.verdict(m)
	case *veiviserv1.PublishPlanResponse:
		p.version(m.GetVersion())
	case *veiviserv1.RollBackPlanResponse:
		p.version(m.GetVersion())
	case *veiviserv1.ListPlanVersionsResponse:
		p.versions(m)
	case *veiviserv1.GetSegmentProfileResponse:
		p.profile(m.GetProfile())
	case *veiviserv1.ListSegmentProfilesResponse:
		p.profiles(m)
	default:
		if !p.wishes(m) && !p.relation(m) && !p.crisis(m) {
			p.line("ok")
		}
	}
	return p.String()
}

// flags are the words behind a step that are no names.
type flags map[string]bool

// printer gathers lines.
type printer struct {
	strings.Builder
	flags flags
}

func (p *printer) line(format string, args ...any) {
	fmt.Fprintf(p, format, args...)
	p.WriteByte('\n')
}

// failure writes an error: its code, its reason, the fields at fault; for plans also what is wrong with each.
func failure(err error) string {
	st, ok := status.FromError(err)
	if !ok {
		return fmt.Sprintf("error without a status: %v\n", err)
	}
	code := strings.ToUpper(codeWords.Replace(st.Code().String()))
	reason, fields, retry := "without a reason", []string(nil), ""
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if reason = d.GetReason(); d.GetDomain() != "veiviser" {
				reason += " of " + d.GetDomain()
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				if fields = append(fields, v.GetField()); reason == "INVALID_PLAN" {
					fields[len(fields)-1] = "\n  " + v.GetField() + ": " + v.GetDescription()
				}
			}
		case *errdetails.RetryInfo:
			retry = " retry after " + d.GetRetryDelay().AsDuration().String()
		}
	}
	return strings.Join(append([]string{"error", code, reason}, fields...), " ") + retry + "\n"
}

// codeWords spells the names of codes as the canonical ones.
var codeWords = strings.NewReplacer("InvalidArgument", "invalid_argument", "NotFound", "not_found", "AlreadyExists", "already_exists",
	"FailedPrecondition", "failed_precondition", "ResourceExhausted", "resource_exhausted", "DeadlineExceeded", "deadline_exceeded",
	"PermissionDenied", "permission_denied", "DataLoss", "data_loss")

// answer is one line for plan and segments, one per need, one per item served.
func (p *printer) answer(a *veiviserv1.RecommendResponse) {
	p.line("plan %s%s%s", a.GetPlanVersion(), words(" segments", a.GetSegmentIds()), words(" degraded", nonEmpty(a.GetDegradedReason())))
	for _, n := range a.GetNeeds() {
		p.need(n)
	}
	for _, d := range a.GetDecisions() {
		p.decision(d)
		p.briefing(d.GetBriefing())
		if d.GetExplanation() != nil && p.flags["why"] {
			p.explanation(d.GetExplanation())
		}
	}
}

func (p *printer) decision(d *veiviserv1.PlacementDecision) {
	notes := ""
	if d.GetDecisionId() == "" {
		notes = " (no id)"
	}
	if len(d.GetItems()) == 0 {
		if until := d.GetSilentUntilTime(); until != nil {
			notes = " until " + at(until) + notes
		}
		p.line("%s: silent %s p=%s%s", d.GetPlacement(), short(d.GetSilenceReason()), number(d.GetSilencePropensity()), notes)
		return
	}
	if d.GetFallback() {
		notes = " (fallback)" + notes
	}
	for i, it := range d.GetItems() {
		place := d.GetPlacement()
		if len(d.GetItems()) > 1 {
			place += " " + strconv.Itoa(i+1)
		}
		r := it.GetRepresentation()
		p.line("%s: %s %s/%s %s p=%s because%s%s", place, it.GetItemId(), strings.ToLower(short(it.GetKind())), r.GetFormat(),
			orDash(r.GetLanguage()), number(it.GetPropensity()), reasons(it.GetReasons()), notes)
		if p.flags["texts"] {
			p.line("  %q", r.GetTitle())
			for _, b := range it.GetReasons() {
				p.line("  – %s", b.GetText())
			}
			p.answers(it.GetAnswers())
		}
	}
}

func reasons(list []*veiviserv1.Reason) string {
	var b strings.Builder
	for _, r := range list {
		b.WriteString(" " + r.GetCode())
	}
	return b.String()
}

// need is "purchase bike: search .40 evaluate .60 → evaluate"; stages under a half per cent are left out.
func (p *printer) need(n *veiviserv1.NeedBelief) {
	var b strings.Builder
	b.WriteString(n.GetJourney())
	if n.GetJourneyVersion() != 1 {
		fmt.Fprintf(&b, " (version %d)", n.GetJourneyVersion())
	}
	fmt.Fprintf(&b, " %s:", orDash(n.GetSubject()))
	for _, s := range n.GetStages() {
		if v := number(s.GetProbability()); v != ".00" {
			b.WriteString(" " + s.GetStage() + " " + v)
		}
	}
	b.WriteString(" → ")
	switch {
	case n.GetStage() == "":
		b.WriteString("unsure")
	case n.GetStage() == n.GetStandardStage():
		b.WriteString(n.GetStage())
	default:
		b.WriteString(n.GetStage() + " = " + n.GetStandardStage())
	}
	if n.GetEvents() == 0 {
		b.WriteString(" (prior)")
	}
	if n.GetAccount() {
		b.WriteString(" of the account")
	}
	if n.GetAudience() != "customer" {
		b.WriteString(" for " + n.GetAudience())
	}
	p.line("%s", b.String())
	if p.flags["worth"] {
		p.line("  worth %.3f, %.1f events to the next stage", n.GetValue(), n.GetEventsToNextStage())
	}
	if p.flags["forecast"] {
		p.forecast(n.GetVisitForecast())
	}
	if p.flags["evidence"] {
		for _, e := range n.GetEvidence() {
			p.line("  %s ×%d %+.2f for %s at %s – %s", e.GetSignal(), e.GetCount(), e.GetWeight(), e.GetStage(), at(e.GetTime()), e.GetText())
		}
	}
}

// forecast is "later cart_add .12; next view .83 cart_add .05; end .12".
func (p *printer) forecast(f *veiviserv1.VisitForecast) {
	if f == nil {
		p.line("  no forecast")
		return
	}
	chances := func(list []*veiviserv1.EventChance) []string {
		var out []string
		for _, c := range list {
			out = append(out, c.GetEventType()+" "+number(c.GetProbability()))
		}
		return out
	}
	p.line("  later%s; next%s; end %s", words("", chances(f.GetLater())), words("", chances(f.GetNext())), number(f.GetEnd()))
}

// results joins events with the same fate.
func (p *printer) results(list []*veiviserv1.EventResult) {
	last := veiviserv1.EventStatus(-1)
	for _, r := range list {
		if r.GetStatus() == veiviserv1.EventStatus_EVENT_STATUS_REJECTED {
			p.end(last >= 0)
			last = -1
			p.line("rejected %s %s %s", orDash(r.GetEventId()), short(r.GetReason()), orDash(r.GetField()))
			continue
		}
		if r.GetStatus() != last {
			p.end(last >= 0)
			p.WriteString(strings.ToLower(short(r.GetStatus())))
			last = r.GetStatus()
		}
		p.WriteString(" " + r.GetEventId())
	}
	p.end(last >= 0)
}

func (p *printer) end(open bool) {
	if open {
		p.WriteByte('\n')
	}
}

func (p *printer) visitor(v *veiviserv1.Visitor) {
	p.line("%s%s visits %d events %d value %g seen %s to %s", v.GetVisitorId(), words(" also", v.GetLinkedVisitorIds()), v.GetVisits(),
		v.GetEvents(), v.GetValue(), at(v.GetFirstSeenTime()), at(v.GetLastSeenTime()))
	if len(v.GetSegmentIds()) > 0 {
		p.line("segments%s", words("", v.GetSegmentIds()))
	}
	p.standing(v.GetStanding())
	for _, n := range v.GetNeeds() {
		p.need(n)
	}
	if !p.flags["full"] {
		return
	}
	for _, c := range v.GetEventCounts() {
		p.line("count %s %d, %d this visit, last %s", c.GetType(), c.GetCount(), c.GetInVisit(), at(c.GetLastTime()))
	}
	for _, r := range v.GetRecentItems() {
		p.line("met %s %s ×%d last %s", orDash(r.GetItemId()), orDash(r.GetSubject()), r.GetCount(), at(r.GetLastTime()))
	}
	for _, k := range slices.Sorted(maps.Keys(v.GetAttributes())) {
		p.line("attribute %s=%s", k, v.GetAttributes()[k])
	}
	p.kept(v)
	if w := v.GetVisit(); w != nil {
		p.line("visit %s to %s events %d channel %s device %s language %s referrer %s page %s query %q", at(w.GetStartTime()),
			at(w.GetLastTime()), w.GetEvents(), orDash(w.GetChannel()), orDash(w.GetDevice()), orDash(w.GetLanguage()),
			orDash(w.GetReferrer()), orDash(w.GetPage()), w.GetQuery())
	}
}

func (p *printer) exported(list []*veiviserv1.ExportedDecision) {
	for _, d := range list {
		c := d.GetContext()
		p.line("decision %s at %s plan %s:%s context %s %s %s", d.GetPlacement(), at(d.GetTime()), d.GetPlanVersion(),
			words("", append(slices.Clone(d.GetItemIds()), nonEmpty("silent")[min(len(d.GetItemIds()), 1):]...)),
			orDash(c.GetChannel()), orDash(c.GetLanguage()), orDash(c.GetSubject()))
		if c.GetPage() != "" || c.GetQuery() != "" {
			p.line("  page %s query %q", orDash(c.GetPage()), c.GetQuery())
		}
	}
}

// at is a moment as an offset from the beginning; moments of today are "now".
func at(t *timestamppb.Timestamp) string {
	if t == nil {
		return "–"
	}
	d := t.AsTime().Sub(beginning)
	switch {
	case time.Since(t.AsTime()) < time.Hour:
		return "now"
	case d < 0:
		return "-" + span(-d)
	}
	return "+" + span(d)
}

// span is a duration in days and what is left.
func span(d time.Duration) string {
	days := d / (24 * time.Hour)
	rest := d % (24 * time.Hour)
	text := strings.NewReplacer("m0s", "m", "h0m", "h").Replace(rest.String())
	text = strings.TrimSuffix(text, "h0s")
	switch {
	case days == 0:
		return text
	case rest == 0:
		return fmt.Sprintf("%dd", days)
	default:
		return fmt.Sprintf("%dd%s", days, text)
	}
}

// number is a probability with two digits: .07 or 1.00.
func number(x float64) string {
	return strings.Replace(strings.TrimPrefix(strconv.FormatFloat(x, 'f', 2, 64), "0"), "-0.", "-.", 1)
}

// short is the name of an enum value without the name of the enum.
func short(e interface{ String() string }) string {
	s := e.String()
	for _, prefix := range []string{"SILENCE_REASON_", "ITEM_KIND_", "ERROR_REASON_", "EVENT_STATUS_", "ITEM_RESULT_STATUS_", "PLAN_CHANGE_KIND_", "ITEM_STATUS_"} {
		s = strings.TrimPrefix(s, prefix)
	}
	return s
}

func words(lead string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	return lead + " " + strings.Join(list, " ")
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
