"""The trainings that are known become rows; the database keeps them, and what a printed letter demanded."""

from django.db import migrations

DOCUMENT, TRAINING = "recovery_letterdocument", "recovery_agencytraining"
PRINTED, RECORDED = "a printed letter is never changed", "what is recorded of an agency stays"
#: Name, event, table, what is refused, in words.
REFUSED = (
    ("letter_document_total_stays", "UPDATE OF total_minor, pay_by", DOCUMENT, PRINTED),
    ("agency_training_no_update", "UPDATE", TRAINING, RECORDED),
    ("agency_training_no_delete", "DELETE", TRAINING, RECORDED),
)


def carry_over(apps, schema_editor):
    people = apps.get_model("recovery", "AgencyPerson").objects.all()
    training = apps.get_model("recovery", "AgencyTraining")
    training.objects.bulk_create(
        training(person=person, trained_on=person.trained_on, recorded_by_name=person.registered_by_name) for person in people
    )


def keep(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for name, event, table, words in REFUSED:
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
        if is_postgresql:
            # The function came with 0021.
            schema_editor.execute(f"{begin} FOR EACH ROW EXECUTE FUNCTION refuse_agency_rewriting('{words}')")
        else:
            schema_editor.execute(f"{begin} BEGIN SELECT RAISE(ABORT, '{words}'); END")


def let_go(apps, schema_editor):
    for name, _event, table, _words in REFUSED:
        on = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER {name}{on}")


class Migration(migrations.Migration):
    dependencies = [("recovery", "0033_totals_of_letters_and_trainings")]
    operations = [
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.RunPython(keep, let_go),
    ]
