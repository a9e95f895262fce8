"""Who gets which answer where: one line for each route and method. A route without a line fails test_access.py.

Columns: a visitor who is not signed in; a user who was blocked a moment ago and still has the cookies; another user;
the owner of what the address names (in /users/: the user whom it names); a manager; an admin. The last three have
nothing of their own but what the owner has.

Answers: `login` leads to the login page (a piece of a page gets 401); `form` is 422, the form again with what is
missing, so the visitor was let in; otherwise the status. Nothing is sent with a POST but what FORMS says. A route that
is too long has its answers on the next line, after three dots.
"""

COLUMNS = ("anonymous", "blocked", "stranger", "owner", "manager", "admin")

TABLE = """
method  route                                       anonymous  blocked  stranger  owner  manager  admin

GET     /                                           login      login    200       200    200      200
GET     /healthz                                    200        200      200       200    200      200
GET     /metrics                                    404        404      404       404    404      404
GET     /static/<path:filename>                     200        200      200       200    200      200
POST    /account/release                            login      login    404       404    404      303

GET     /auth/login                                 200        200      303       303    303      303
POST    /auth/login                                 form       form     303       303    303      303
POST    /auth/logout                                login      login    login     login  login    login
GET     /auth/register                              200        200      303       303    303      303
POST    /auth/register                              form       form     303       303    303      303
POST    /auth/language                              form       form     form      form   form     form
GET     /auth/reset-password                        200        200      200       200    200      200
POST    /auth/reset-password                        form       form     form      form   form     form
GET     /auth/reset-asked                           200        200      200       200    200      200
GET     /auth/reset-password/<token>                410        410      410       410    410      410
POST    /auth/reset-password/<token>                410        410      410       410    410      410
GET     /auth/confirm/<token>                       410        410      410       410    410      410
POST    /auth/confirm/<token>                       410        410      410       410    410      410
POST    /auth/confirm                               login      login    303       303    303      303
GET     /auth/profile                               login      login    200       200    200      200
GET     /auth/profile/edit                          login      login    200       200    200      200
POST    /auth/profile/edit                          login      login    303       303    303      303
GET     /auth/profile/avatar                        login      login    404       404    404      404
GET     /auth/profile/password                      login      login    200       200    200      200
POST    /auth/profile/password                      login      login    form      form   form     form
GET     /auth/profile/delete                        login      login    200       200    200      200
POST    /auth/profile/delete                        login      login    form      form   form     form

GET     /clients/                                   login      login    200       200    200      200
GET     /clients/new                                login      login    200       200    200      200
POST    /clients/new                                login      login    form      form   form     form
GET     /clients/delete                             login      login    303       303    303      303
POST    /clients/delete                             login      login    form      form   form     form
GET     /clients/import                             login      login    200       200    200      200
POST    /clients/import                             login      login    form      form   form     form
GET     /clients/import/<int:import_id>             login      login    404       200    404      404
GET     /clients/export                             login      login    200       200    200      200
GET     /clients/<int:client_id>                    login      login    404       200    404      404
GET     /clients/<int:client_id>/edit               login      login    404       200    404      404
POST    /clients/<int:client_id>/edit               login      login    404       303    404      404
GET     /clients/<int:client_id>/delete             login      login    404       200    404      404
POST    /clients/<int:client_id>/delete             login      login    404       303    404      404

GET     /messages/                                  login      login    200       200    200      200
GET     /messages/new                               login      login    200       200    200      200
POST    /messages/new                               login      login    form      form   form     form
GET     /messages/delete                            login      login    303       303    303      303
POST    /messages/delete                            login      login    form      form   form     form
GET     /messages/<int:message_id>                  login      login    404       200    404      404
GET     /messages/<int:message_id>/edit             login      login    404       200    404      404
POST    /messages/<int:message_id>/edit             login      login    404       303    404      404
GET     /messages/<int:message_id>/delete           login      login    404       200    404      404
POST    /messages/<int:message_id>/delete           login      login    404       303    404      404
POST    /messages/<int:message_id>/test             login      login    404       form   404      404

GET     /mailings/                                  login      login    200       200    200      200
GET     /mailings/all                               login      login    404       404    200      200
GET     /mailings/new                               login      login    200       200    200      200
POST    /mailings/new                               login      login    form      form   form     form
GET     /mailings/ask/delete                        login      login    303       303    303      303
POST    /mailings/delete                            login      login    form      form   form     form
GET     /mailings/<int:mailing_id>                  login      login    404       200    200      200
GET     /mailings/<int:mailing_id>/message          login      login    404       200    200      200
GET     /mailings/<int:mailing_id>/edit             login      login    404       200    403      403
POST    /mailings/<int:mailing_id>/edit             login      login    404       form   403      403
POST    /mailings/<int:mailing_id>/start            login      login    404       303    403      403
POST    /mailings/<int:mailing_id>/pause            login      login    404       303    403      403
POST    /mailings/<int:mailing_id>/resume           login      login    404       303    403      403
POST    /mailings/<int:mailing_id>/finish           login      login    404       303    403      403
POST    /mailings/<int:mailing_id>/resend           login      login    404       303    403      403
POST    /mailings/<int:mailing_id>/delete           login      login    404       303    403      403
GET     /mailings/<int:mailing_id>/ask/start        login      login    404       200    403      403
GET     /mailings/<int:mailing_id>/ask/finish       login      login    404       303    403      403
GET     /mailings/<int:mailing_id>/ask/resend       login      login    404       200    403      403
GET     /mailings/<int:mailing_id>/ask/delete       login      login    404       200    403      403
GET     /mailings/<int:mailing_id>/ask/disable      login      login    404       403    200      200
POST    /mailings/<int:mailing_id>/disable          login      login    404       403    303      303
POST    /mailings/<int:mailing_id>/enable           login      login    404       403    303      303

GET     /attempts/                                  login      login    200       200    200      200
GET     /attempts/recipients/<int:recipient_id>     login      login    404       200    200      200
GET     /reports/                                   login      login    200       200    200      200
GET     /reports/periods                            login      login    200       200    200      200
GET     /reports/domains                            login      login    200       200    200      200
GET     /reports/replies                            login      login    200       200    200      200
GET     /reports/owners                             login      login    404       404    404      404
GET     /reports/mailings/<int:mailing_id>          login      login    404       404    404      404
GET     /reports/mailings.csv                       login      login    200       200    200      200
GET     /reports/periods.csv                        login      login    200       200    200      200
GET     /reports/domains.csv                        login      login    200       200    200      200
GET     /reports/replies.csv                        login      login    200       200    200      200
GET     /reports/owners.csv                         login      login    404       404    404      404
GET     /reports/mailings/<int:mailing_id>.csv      login      login    404       200    200      200

GET     /addresses/                                 login      login    200       200    200      200
GET     /addresses/export                           login      login    form      form   form     form
GET     /addresses/erase                            login      login    form      form   form     form
POST    /addresses/erase                            login      login    form      form   form     form

GET     /suppressions/                              login      login    200       200    200      200
GET     /suppressions/new                           login      login    200       200    200      200
POST    /suppressions/new                           login      login    form      form   form     form
GET     /suppressions/import                        login      login    200       200    200      200
POST    /suppressions/import                        login      login    form      form   form     form
GET     /suppressions/<int:suppression_id>/lift     login      login    404       200    404      404
POST    /suppressions/<int:suppression_id>/lift     login      login    404       form   404      404

GET     /u/<token>                                  200        200      200       200    200      200
POST    /u/<token>                                  200        200      200       200    200      200
POST    /u/<token>/back                             200        200      200       200    200      200

GET     /users/                                     login      login    404       404    200      200
GET     /users/<int:user_id>/ask/block              login      login    404       404    200      200
POST    /users/<int:user_id>/block                  login      login    404       404    form     form
POST    /users/<int:user_id>/unblock                login      login    404       404    303      303
GET     /users/<int:user_id>/ask/role               login      login    404       404    403      200
POST    /users/<int:user_id>/role                   login      login    404       404    403      form

GET     /audit/                                     login      login    404       404    404      200
GET     /outbox/                                    login      login    404       404    404      200
GET     /outbox/<int:letter_id>                     login      login    404       404    404      200
GET     /outbox/<int:letter_id>/html                login      login    404       404    404      200
GET     /outbox/<int:letter_id>/raw                 login      login    404       404    404      200

GET     /rq/                                        login      login    404       404    404      200
GET     /rq/favicon.ico                             login      login    404       404    404      200
GET     /rq/static/<path:filename>                  login      login    404       404    404      200
GET     /rq/<int:instance_number>/                  login      login    404       404    404      200
GET     /rq/<int:instance_number>/view              login      login    404       404    404      200
GET     /rq/<int:instance_number>/view/queues       login      login    404       404    404      200
GET     /rq/<int:instance_number>/view/workers      login      login    404       404    404      200
GET     /rq/<int:instance_number>/view/jobs         login      login    404       404    404      200
GET     /rq/<int:instance_number>/view/jobs/<queue_name>/<registry_name>/<int:per_page>/<order>/<int:page> ...
                                                    login      login    404       404    404      200
GET     /rq/<int:instance_number>/view/job/<job_id>          login      login    404       404    404      200
GET     /rq/<int:instance_number>/data/queues.json           login      login    404       404    404      200
GET     /rq/<int:instance_number>/data/workers.json          login      login    404       404    404      200
GET     /rq/<int:instance_number>/data/job/<job_id>.json     login      login    404       404    404      200
GET     /rq/<int:instance_number>/data/jobs/<queue_name>/<registry_name>/<per_page>/<order>/<page>.json ...
                                                    login      login    404       404    404      200
GET     /rq/requeue/<queue_name>                    login      login    404       404    404      405
POST    /rq/requeue/<queue_name>                    login      login    404       404    404      403
POST    /rq/queue/<queue_name>/<registry_name>/empty         login      login    404       404    404      403
POST    /rq/queue/<queue_name>/compact              login      login    404       404    404      403
POST    /rq/job/<job_id>/requeue                    login      login    404       404    404      403
POST    /rq/job/<job_id>/delete                     login      login    404       404    404      403
"""

# What a POST must say to be more than an empty form, by its route.
FORMS: dict[str, dict[str, str]] = {}
