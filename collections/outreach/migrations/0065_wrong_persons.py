"""That somebody else answers at a number is noted of one customer, and not of everybody who has the number.

What was noted of the number before is noted of whom the call was with, or of every customer who has it where a person noted it. A new
table, and rows moved to it: no table with triggers is made anew.
"""

import django.db.models.deletion
from django.db import migrations, models

WRONG, INVALID = "wrong_person", "invalid"


def of_customers(apps, schema_editor):
    alias = schema_editor.connection.alias
    of = {name: apps.get_model(app, name).objects.using(alias) for app, name in (
        ("outreach", "DetailState"), ("outreach", "WrongPerson"), ("outreach", "Contact"), ("accounts", "Customer"),
        ("accounts", "CustomerNameToken"),
    )}
    for row in of["DetailState"].filter(state=WRONG):
        word, _space, number = row.evidence.partition(" ")
        called = of["Contact"].filter(pk=int(number)) if word == "contact" and number.isdecimal() else of["Contact"].none()
        found = set(called.values_list("customer_id", flat=True))
        if not found:
            has_it = models.Q(phone_index=row.detail) | models.Q(email_index=row.detail)
            found = set(of["Customer"].filter(has_it).values_list("pk", flat=True))
            found |= set(of["CustomerNameToken"].filter(token_index=row.detail).values_list("customer_id", flat=True))
        for customer_id in sorted(found):
            of["WrongPerson"].get_or_create(
                customer_id=customer_id,
                detail=row.detail,
                defaults={"since": row.since, "evidence": row.evidence, "noted_by_name": row.noted_by_name},
            )
    of["DetailState"].filter(state=WRONG).delete()


def of_numbers(apps, schema_editor):
    alias = schema_editor.connection.alias
    states = apps.get_model("outreach", "DetailState").objects.using(alias)
    for row in apps.get_model("outreach", "WrongPerson").objects.using(alias).order_by("pk"):
        columns = {"state": WRONG, "since": row.since, "evidence": row.evidence, "noted_by_name": row.noted_by_name}
        states.get_or_create(detail=row.detail, defaults=columns)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0056_names_of_columns'),
        ('outreach', '0064_representatives'),
    ]

    operations = [
        migrations.CreateModel(
            name='WrongPerson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('detail', models.BigIntegerField(help_text='keyed index of the number or address')),
                ('since', models.DateTimeField(verbose_name='since')),
                ('evidence', models.CharField(max_length=200, verbose_name='evidence')),
                ('noted_by_name', models.CharField(max_length=150, verbose_name='noted by')),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.customer')),
            ],
            options={
                'verbose_name': 'number or address of somebody else',
                'verbose_name_plural': 'numbers and addresses of somebody else',
                'constraints': [models.UniqueConstraint(fields=('customer', 'detail'), name='one_wrong_person_at_a_detail')],
            },
        ),
        migrations.RunPython(of_customers, of_numbers),
    ]
